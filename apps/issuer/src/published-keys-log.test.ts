import { unixSeconds, type KeyRing } from '@workload-identity/core'
import { createFixedClock } from '@workload-identity/core/testing'
import { createLogger } from '@workload-identity/service'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPublishedKeysLog } from './published-keys-log.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const clock = createFixedClock()
const now = clock.now()
const old = { kid: 'aaa', alg: 'RS256', state: 'active' }
const retired = { ...old, state: 'retired', remove_at: unixSeconds(now + 100) }
const other = { kid: 'bbb', alg: 'EdDSA', state: 'next' }

describe('createPublishedKeysLog', () => {
  it('logs the fingerprint at start and when other keys are published, also when one leaves by the clock', async () => {
    let keys: readonly object[] = [old]
    const lines: Record<string, unknown>[] = []
    const log = createPublishedKeysLog({
      ring: () => ({ keys }) as unknown as KeyRing,
      clock: clock.now,
      logger: createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) }),
      everyMs: 1000,
    })
    /** What is logged until a look that begins after now is over. */
    const look = async () => {
      lines.splice(0)
      await vi.advanceTimersByTimeAsync(1000)
      await expect.poll(() => vi.getTimerCount()).toBe(1)
      return lines.map(({ msg, fingerprint, previous_fingerprint: previous }) => [msg, fingerprint, previous])
    }
    // printf '%s\n' 'aaa RS256' | openssl dgst -sha256 -binary | basenc --base64url; then with 'bbb EdDSA', and that alone
    const [ofOld, ofBoth, ofOther] = [
      'SHA256:t7gDnqDdoBZBTyKMsx3VhDZmEG5sYu6WW1MmUa4lSHc',
      'SHA256:6e2OrCSpMRpszeqjUIZ1qr-lO0v9nGvztqhu6J-rpio',
      'SHA256:MS139-jewyE5TL8uJkaSbWlFiUvuM9QYOg_3UQf16N4',
    ]
    log.start()
    expect(await look()).toEqual([['these keys are published', ofOld, undefined]])
    expect(await look()).toEqual([])
    keys = [old, other]
    expect(await look()).toEqual([['other keys are published now', ofBoth, ofOld]])
    keys = [retired, { ...other, state: 'active' }]
    expect(await look()).toEqual([])
    clock.advance(100)
    expect(await look()).toEqual([['other keys are published now', ofOther, ofBoth]])
    await log.stop()
  })
})
