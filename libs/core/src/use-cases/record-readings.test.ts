import { describe, expect, it } from 'vitest'
import { after, START } from '../../test/fixtures.ts'
import type { SandboxRecord } from '../ports/sandbox-registry.ts'
import { seconds } from '../time.ts'
import { createReadings, judgeReading } from './record-readings.ts'

const policy = { trustedFor: seconds(2), storeLag: seconds(300) }
const hash = (digit: string) => digit.repeat(64)

function recordOf(id: string, changes: Partial<SandboxRecord> = {}): SandboxRecord {
  return {
    ...{ sandbox_id: id, app: 'web', secrets: [{ sha256: hash('a') }], created_at: START, revision: 1 },
    ...changes,
  }
}

describe('judgeReading', () => {
  it.each([
    [-61, 'nothing'],
    [-60, 'in-outage'],
    [-1, 'in-outage'],
    [0, 'trusted'],
    [1, 'trusted'],
    [2, 'in-outage'],
    [299, 'in-outage'],
    [300, 'nothing'],
  ])('takes a reading of %i seconds ago for %s', (age, worth) => {
    const reading = { record: recordOf('sb-1'), readAt: START }
    expect(judgeReading(reading, { sha256: hash('a') }, after(age), policy)).toBe(worth)
  })

  it('gives nothing for a secret that the record does not list', () => {
    const reading = { record: recordOf('sb-1'), readAt: START }
    expect(judgeReading(reading, { sha256: hash('b') }, START, policy)).toBe('nothing')
  })

  it.each([
    [0, 'trusted'],
    [1, 'nothing'],
  ])('goes by the end of the sandbox, not by when it was read (%i s later)', (later, worth) => {
    const reading = { record: recordOf('sb-1', { expires_at: after(1) }), readAt: START }
    expect(judgeReading(reading, { sha256: hash('a') }, after(later), policy)).toBe(worth)
  })

  it.each([
    [0, 'trusted'],
    [1, 'nothing'],
  ])('goes by the end of a replaced secret (%i s later)', (later, worth) => {
    const secrets = [{ sha256: hash('b') }, { sha256: hash('a'), valid_until: after(1) }]
    const reading = { record: recordOf('sb-1', { secrets }), readAt: START }
    expect(judgeReading(reading, { sha256: hash('a') }, after(later), policy)).toBe(worth)
    expect(judgeReading(reading, { sha256: hash('b') }, after(later), policy)).toBe('trusted')
  })
})

describe('createReadings', () => {
  const open = (maxBytes = 1_000_000) =>
    createReadings<SandboxRecord>({
      idOf: (record) => record.sandbox_id,
      bytesOf: () => 1000,
      ...{ maxBytes, maxAge: seconds(300) },
    })
  const find = (readings: ReturnType<typeof open>, sha256: string) => readings.find({ sha256 })

  it('finds a sandbox by each of its secrets until it is forgotten', () => {
    const readings = open()
    const record = recordOf('sb-1', { secrets: [{ sha256: hash('a') }, { sha256: hash('b') }] })
    readings.put({ record, readAt: START }, 1)
    expect(find(readings, hash('b'))).toMatchObject({ record, readAt: START })
    readings.forget('sb-1')
    expect([find(readings, hash('a')), find(readings, hash('b')), readings.size()]).toEqual([
      undefined,
      undefined,
      0,
    ])
  })

  it('knows no replaced secret any more when the sandbox was read again', () => {
    const readings = open()
    readings.put({ record: recordOf('sb-1'), readAt: START }, 1)
    readings.put({ record: recordOf('sb-1', { secrets: [{ sha256: hash('b') }] }), readAt: START }, 2)
    expect(find(readings, hash('a'))).toBeUndefined()
    expect(find(readings, hash('b'))).toBeDefined()
  })

  it('keeps the answer to the later question when answers overtake each other', () => {
    const readings = open()
    readings.put({ record: recordOf('sb-1', { revision: 2 }), readAt: START }, 2)
    readings.put({ record: recordOf('sb-1', { revision: 1 }), readAt: START }, 1)
    expect(find(readings, hash('a'))?.record.revision).toBe(2)
    readings.forgetWanted({ sha256: hash('a') }, 1)
    expect(readings.size()).toBe(1)
    readings.forgetWanted({ sha256: hash('a') }, 3)
    expect(readings.size()).toBe(0)
  })

  it('leaves a secret to the sandbox that has it now when its former owner is forgotten', () => {
    const readings = open()
    readings.put({ record: recordOf('sb-1'), readAt: START }, 1)
    readings.put({ record: recordOf('sb-2'), readAt: START }, 2)
    readings.forget('sb-1')
    expect(find(readings, hash('a'))?.record.sandbox_id).toBe('sb-2')
  })

  it('drops the oldest readings when it grows beyond its size', () => {
    const readings = open(10_000)
    for (let index = 0; index < 1000; index += 1) {
      const secrets = [{ sha256: index.toString(16).padStart(64, '0') }]
      readings.put({ record: recordOf(`sb-${index}`, { secrets }), readAt: START }, index)
    }
    expect(readings.size()).toBeGreaterThan(5)
    expect(readings.size()).toBeLessThan(20)
    expect(find(readings, '0'.repeat(64))).toBeUndefined()
    expect(find(readings, (999).toString(16).padStart(64, '0'))).toBeDefined()
  })

  it.each([
    [299, 2],
    [300, 1],
  ])('drops what was read %i s before the latest reading, if that is too old', (later, size) => {
    const readings = open()
    readings.put({ record: recordOf('sb-1'), readAt: START }, 1)
    readings.put({ record: recordOf('sb-2', { secrets: [{ sha256: hash('b') }] }), readAt: after(later) }, 2)
    expect(readings.size()).toBe(size)
  })
})
