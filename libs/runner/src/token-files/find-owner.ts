import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { IssuerError } from '@workload-identity/core'

const databases = { user: 'passwd', group: 'group' } as const
const whole = /^(0|[1-9][0-9]{0,9})$/
/** The highest ID stands for none. */
const LARGEST_ID = 2 ** 32 - 2

/**
 * The number of a user or a group that is given by number or by name. Names are looked up in `/etc`, then by `getent` for those that are
 * elsewhere.
 *
 * @throws {IssuerError} `ERR_POLICY_INVALID` when there is none of that name, or the number can be none.
 */
export async function findOwnerId(kind: 'user' | 'group', nameOrNumber: string): Promise<number> {
  const number = whole.test(nameOrNumber) ? Number(nameOrNumber) : undefined
  if (number !== undefined && number <= LARGEST_ID) return number
  const id = number === undefined ? await lookUp(databases[kind], nameOrNumber) : undefined
  if (id !== undefined) return id
  const remedy = 'create it, or give its number'
  throw new IssuerError('ERR_POLICY_INVALID', `there is no ${kind} ${nameOrNumber}: ${remedy}`, {
    details: { [kind]: nameOrNumber },
  })
}

async function lookUp(database: string, name: string): Promise<number | undefined> {
  // What a name may not hold would be another field or an option.
  if (!/^[^:\s-][^:\s]*$/.test(name)) return undefined
  const local = await readFile(`/etc/${database}`, 'utf8').catch(() => '')
  return findId(local, name) ?? findId(await askSystem(database, name), name)
}

function findId(lines: string, name: string): number | undefined {
  const id = lines
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name)?.[2]
  return id !== undefined && whole.test(id) ? Number(id) : undefined
}

async function askSystem(database: string, name: string): Promise<string> {
  try {
    return (await promisify(execFile)('getent', [database, name], { timeout: 10_000 })).stdout
  } catch {
    // Not there, or no such program.
    return ''
  }
}
