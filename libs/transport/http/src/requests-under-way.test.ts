import { describe, expect, it } from 'vitest'
import { createLimitForRunner } from './requests-under-way.ts'

describe('createLimitForRunner', () => {
  it('refuses a runner that has as much under way as it may, and no other', async () => {
    const limit = createLimitForRunner(2)
    const gate = Promise.withResolvers<string>()
    const running = [limit('node-1', () => gate.promise), limit('node-1', () => gate.promise)]
    await expect(limit('node-1', async () => 'third')).rejects.toMatchObject({
      answer: { status: 429, error: 'slow_down' },
    })
    await expect(limit('node-2', async () => 'other')).resolves.toBe('other')
    gate.resolve('done')
    await expect(Promise.all(running)).resolves.toEqual(['done', 'done'])
    await expect(limit('node-1', async () => 'later')).resolves.toBe('later')
  })

  it('counts nothing that has failed', async () => {
    const limit = createLimitForRunner(1)
    await expect(limit('node-1', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await expect(limit('node-1', async () => 'again')).resolves.toBe('again')
  })
})
