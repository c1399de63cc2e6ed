import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { tolerateLateErrors } from './late-errors.ts'
import { freePort } from './testing/index.ts'

describe('tolerateLateErrors', () => {
  it('lets a connection fail again after it has failed, however often', async () => {
    const redis = new Redis({ port: await freePort(), lazyConnect: true, retryStrategy: () => null })
    tolerateLateErrors(redis)
    const ended = new Promise<void>((resolve) => redis.once('end', resolve))
    await expect(redis.connect()).rejects.toThrow()
    await ended
    for (let time = 1; time <= 3; time += 1) {
      expect(redis.stream.emit('error', new Error('tlsv1 alert decode error'))).toBe(true)
    }
  })
})
