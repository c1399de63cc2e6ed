import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { kill, pid } from 'node:process'
import { systemCode } from './file-error.ts'

/** Where `TOKEN` occurs in a pattern for file names, a token of {@link createProcessToken} does in the names. */
export const TOKEN_PATTERN = '[0-9]+-[0-9]*-[0-9]*-[0-9a-f]{16}'

/**
 * A random part of a file name that tells which process chose it: its number, and on Linux when it started, since numbers are
 * used again, and in which namespace the number counts, since containers have their own.
 */
export function createProcessToken(): string {
  return `${pid}-${startOf(pid) ?? ''}-${pidNamespace()}-${randomBytes(8).toString('hex')}`
}

/** Whether the process that chose that token has certainly ended; false also when that cannot be told, as from another container. */
export function hasProcessEnded(token: string): boolean {
  const [number = '', started = '', namespace = ''] = token.split('-')
  if (!/^[0-9]+$/.test(number) || namespace !== pidNamespace()) return false
  if (started !== '') return started !== startOf(Number(number))
  try {
    kill(Number(number), 0)
    return false
  } catch (error) {
    return systemCode(error) === 'ESRCH'
  }
}

/** The inode of the namespace, empty where there is none. */
function pidNamespace(): string {
  try {
    return /[0-9]+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? ''
  } catch {
    return ''
  }
}

// The 22nd field of proc_pid_stat(5), in clock ticks since the machine started, counted after the name, which may hold spaces
// and parentheses. A zombie has ended.
function startOf(process: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${process}/stat`, 'latin1')
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? undefined : rest[18]
  } catch {
    return undefined
  }
}
