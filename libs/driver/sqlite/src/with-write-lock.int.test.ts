import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { toThrowWithCode } from '@workload-identity/contracts'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from './migrate.ts'
import { openDatabase } from './open-database.ts'
import { temporaryPath } from './temporary-folder.testing.ts'
import { withWriteLock } from './with-write-lock.ts'

expect.extend({ toThrowWithCode })

function openTwo(busyTimeoutMs: number) {
  const path = temporaryPath('issuer.db')
  const [database, other] = [openDatabase({ path, busyTimeoutMs }), openDatabase({ path, busyTimeoutMs: 0 })]
  onTestFinished(() => {
    database.close()
    other.close()
  })
  migrate(database, 'counter', ['CREATE TABLE counter (value INTEGER); INSERT INTO counter VALUES (0)'])
  const read = () => database.prepare<[], { value: number }>('SELECT value FROM counter').get()?.value
  const increment = () => database.exec('UPDATE counter SET value = value + 1')
  return { database, other, read, increment }
}

describe('withWriteLock', () => {
  it('commits what the work did and gives what it gives', async () => {
    const { database, other, read, increment } = openTwo(0)
    expect(await withWriteLock(database, 'count in', () => (increment(), 42))).toBe(42)
    expect(read()).toBe(1)
    other.exec('BEGIN IMMEDIATE; ROLLBACK')
  })

  it('rolls back when the work throws, and throws the same', async () => {
    const { database, read, increment } = openTwo(0)
    const mistake = new TypeError('not a function')
    const work = () => {
      increment()
      throw mistake
    }
    await expect(withWriteLock(database, 'count in', work)).rejects.toBe(mistake)
    expect(read()).toBe(0)
  })

  it('lets the process go on while writes wait for the lock, and does each of them once it is free', async () => {
    const { database, other, read, increment } = openTwo(60_000)
    other.exec('BEGIN IMMEDIATE')
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const writes = Promise.all(
      Array.from({ length: 20 }, () => withWriteLock(database, 'count in', increment)),
    )
    await setTimeout(300)
    delay.disable()
    expect(read()).toBe(0)
    // Waiting in SQLite would take at least the 300 ms in one go.
    expect(delay.max / 1e6).toBeLessThan(200)
    other.exec('COMMIT')
    await writes
    expect(read()).toBe(20)
  })

  it.each([0, 100])(
    'gives up with ERR_STORE_UNAVAILABLE after busyTimeoutMs of %d',
    async (busyTimeoutMs) => {
      const { database, other, read, increment } = openTwo(busyTimeoutMs)
      other.exec('BEGIN IMMEDIATE')
      const began = performance.now()
      await expect(withWriteLock(database, 'count in', increment)).rejects.toThrowWithCode(
        'ERR_STORE_UNAVAILABLE',
      )
      expect(performance.now() - began).toBeGreaterThanOrEqual(busyTimeoutMs - 5)
      expect(read()).toBe(0)
      other.exec('COMMIT')
      await withWriteLock(database, 'count in', increment)
      expect(read()).toBe(1)
    },
  )

  it('gives up with ERR_STORE_UNAVAILABLE when the database is closed while it waits', async () => {
    const { database, other, increment } = openTwo(60_000)
    other.exec('BEGIN IMMEDIATE')
    const write = withWriteLock(database, 'count in', increment)
    database.close()
    await expect(write).rejects.toThrow('it was closed')
  })

  it('leaves SQLite waiting briefly for what is no write', async () => {
    const { database, increment } = openTwo(2000)
    await withWriteLock(database, 'count in', increment)
    expect(database.pragma('busy_timeout', { simple: true })).toBe(50)
  })
})
