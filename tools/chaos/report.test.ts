import { describe, expect, it } from 'vitest'
import { createCounts, formatCounts } from './report.ts'

describe('formatCounts', () => {
  it('gives a Markdown table with the sum of all rows', () => {
    const killed = {
      ...createCounts('redis-killed'),
      faults: 2,
      minted: 1200,
      violations: 1,
      slowestMs: 2100,
    }
    killed.healedMs.push(300, 1250)
    const paused = { ...createCounts('redis-paused'), faults: 1, minted: 90, unavailable: 7, slowestMs: 400 }
    const lines = formatCounts([killed, paused]).split('\n')
    expect(lines).toHaveLength(5)
    expect(new Set(lines.map((line) => line.length)).size).toBe(1)
    expect(lines[2]?.split('|').map((cell) => cell.trim())).toEqual([
      ...['', 'redis-killed', '2', '1200', '0', '0', '0', '0', '0', '2.1 s', '0.3 s – 1.3 s', '1', ''],
    ])
    expect(lines[4]?.split('|').map((cell) => cell.trim())).toEqual([
      ...['', 'all', '3', '1290', '7', '0', '0', '0', '0', '2.1 s', '0.3 s – 1.3 s', '1', ''],
    ])
  })
})
