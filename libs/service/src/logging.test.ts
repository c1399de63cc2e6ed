import { IssuerError } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { createLogger, describeError } from './logging.ts'

function capture(level = 'trace') {
  const lines: string[] = []
  const logger = createLogger(level, { write: (line) => void lines.push(line) })
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> }
}

describe('createLogger', () => {
  it('writes one JSON object with time, level and message, and nothing about the machine', () => {
    const { logger, last } = capture()
    logger.info({ kid: 'k' }, 'hello')
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      kid: 'k',
      msg: 'hello',
    })
  })

  it('leaves out what is less important than its level', () => {
    const { logger, lines } = capture('warn')
    logger.info('no')
    logger.warn('yes')
    expect(lines).toHaveLength(1)
  })

  it.each(['authorization', 'secret', 'token', 'value', 'private', 'document', 'env'])(
    'redacts the member %s at every depth, in lists and in the bindings of a child',
    (name) => {
      const { logger, last } = capture()
      const secret = { [name]: 'hush' }
      logger.info({ ...secret, a: { ...secret, b: { ...secret, c: secret } }, list: [secret] }, 'x')
      expect(JSON.stringify(last()).match(/\[redacted\]/g)).toHaveLength(5)
      expect(JSON.stringify(last())).not.toContain('hush')
      logger.child(secret).info('x')
      expect(last()).toMatchObject({ [name]: '[redacted]' })
    },
  )

  it('redacts the details of an error', () => {
    const { logger, last } = capture()
    const details = { path: '/db', secret: 'hush' }
    logger.error({ err: new IssuerError('ERR_STORE_UNAVAILABLE', 'no', { details }) }, 'x')
    expect(last()).toMatchObject({ err: { details: { path: '/db', secret: '[redacted]' } } })
  })
})

describe('describeError', () => {
  it('gives code, sentence, details and cause of an issuer error, without a stack', () => {
    const cause = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
    const error = new IssuerError('ERR_STORE_UNAVAILABLE', 'no', { details: { path: '/db' }, cause })
    expect(describeError(error)).toEqual({
      type: 'IssuerError',
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'no',
      details: { path: '/db' },
      cause: { type: 'Error', code: 'EIO', message: 'EIO: i/o error' },
    })
  })

  it('does not repeat the document that a parser could not read', () => {
    let error: unknown
    try {
      JSON.parse('{"d":private-part}')
    } catch (caught) {
      error = caught
    }
    expect(String(error)).toContain('private-part')
    expect(JSON.stringify(describeError(error))).not.toContain('private-part')
  })

  it('says where an unexpected error comes from', () => {
    expect(describeError(new RangeError('odd'))).toMatchObject({
      type: 'RangeError',
      message: 'odd',
      stack: expect.arrayContaining([expect.stringContaining('logging.test.ts')]),
    })
  })

  it('gives the type alone of what is no error', () => {
    expect(describeError('a text that may be anything')).toEqual({ type: 'string' })
  })
})
