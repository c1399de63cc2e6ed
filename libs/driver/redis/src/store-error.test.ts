import { inspect } from 'node:util'
import { IssuerError } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { toStoreError } from './store-error.ts'

const task = { doing: 'read', address: 'redis://a:6379' }
const reply = (message: string) =>
  Object.assign(new Error(message), { command: { name: 'auth', args: ['user', 'hunter2'] } })

describe('toStoreError', () => {
  it.each([
    ["READONLY You can't write against a read only replica.", /is a replica/],
    ['LOADING Redis is loading the dataset in memory', /still reading its data/],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", /lost its primary/],
    ['NOREPLICAS Not enough good replicas to write.', /too few replicas/],
    ["OOM command not allowed when used memory > 'maxmemory'.", /memory is full/],
    ['CLUSTERDOWN Hash slot not served', /does not serve all slots/],
    ['NOAUTH Authentication required.', /set user and password/],
    ['WRONGPASS invalid username-password pair or user is disabled.', /correct them/],
    ["NOPERM this user has no permissions to run the 'get' command", /ACL forbids/],
    ['ERR something else', /the cause says why/],
    ['Command timed out', /did not answer in time/],
    ["Socket timeout. Expecting data, but didn't receive any in 2000ms.", /did not answer in time/],
    ['connect ECONNREFUSED 127.0.0.1:1', /cannot be reached/],
    ['Connection is closed.', /cannot be reached/],
  ])('makes ERR_STORE_UNAVAILABLE of %s and says what to do', (message, explanation) => {
    const error = toStoreError(reply(message), task)
    expect(error.code).toBe('ERR_STORE_UNAVAILABLE')
    expect(error.message).toMatch(/^cannot read redis:\/\/a:6379: /)
    expect(error.message).toMatch(explanation)
    expect(error.cause).toMatchObject({ message })
  })

  it('makes ERR_STORE_CORRUPT of a key of the wrong type', () => {
    const error = reply('WRONGTYPE Operation against a key holding the wrong kind of value')
    expect(toStoreError(error, task).code).toBe('ERR_STORE_CORRUPT')
  })

  it('keeps no argument of the command: neither those ioredis attaches nor those a server repeats', () => {
    const error = reply("ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'user' 'hunter2'")
    expect(inspect(toStoreError(error, task), { depth: 10, showHidden: true })).not.toContain('hunter2')
  })

  it('gives back an IssuerError as it is', () => {
    const error = new IssuerError('ERR_STORE_CONFLICT', 'changed')
    expect(toStoreError(error, task)).toBe(error)
  })
})
