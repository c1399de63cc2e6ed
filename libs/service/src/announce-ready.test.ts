import { describe, expect, it } from 'vitest'
import { announceReady } from './announce-ready.ts'
import { createLogger } from './logging.ts'

describe('announceReady', () => {
  it('tells the addresses in full, whatever the log level is', () => {
    const lines: string[] = []
    const logger = createLogger('error', { write: (line) => void lines.push(line) })
    announceReady(logger, { token: 'http://127.0.0.1:1', control: 'unix:/run/control.sock' })
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { msg: 'ready', token: 'http://127.0.0.1:1', control: 'unix:/run/control.sock' },
    ])
  })
})
