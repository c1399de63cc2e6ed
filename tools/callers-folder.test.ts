import { describe, expect, it } from 'vitest'
import { findCallersFolder } from './callers-folder.ts'

describe('findCallersFolder', () => {
  it.each([
    ['the script itself', { npm_lifecycle_event: 'keys', INIT_CWD: '/home/ada' }, '/home/ada'],
    ['another script', { npm_lifecycle_event: 'test', INIT_CWD: '/home/ada' }, '.'],
    ['no script', {}, '.'],
    ['an npm that does not tell', { npm_lifecycle_event: 'keys', INIT_CWD: '' }, '.'],
  ])('gives the folder of the caller below %s', (_, env, folder) => {
    expect(findCallersFolder('keys', env)).toBe(folder)
  })
})
