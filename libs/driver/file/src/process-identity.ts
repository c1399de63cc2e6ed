import { readFileSync, readlinkSync } from 'node:fs'
import { kill, pid } from 'node:process'
import { systemCode } from './file-error.ts'

/** Which process somebody is. Numbers are used again, so on Linux the moment it started belongs to it. */
export interface ProcessIdentity {
  readonly pid: number
  /** In which the number counts; containers have namespaces of their own. Linux only. */
  readonly pid_namespace?: string
  /** In clock ticks since the machine started. Linux only. */
  readonly started?: string
}

/** Who this process is. */
export function ownProcess(): ProcessIdentity {
  const pid_namespace = namespaceOf()
  const started = startOf(pid)
  return {
    pid,
    ...(pid_namespace === undefined ? {} : { pid_namespace }),
    ...(started === undefined ? {} : { started }),
  }
}

/** Whether that process has certainly ended; false also when that cannot be told, as for one in another container. */
export function hasEnded(other: ProcessIdentity): boolean {
  if (other.pid_namespace !== namespaceOf()) return false
  if (other.started !== undefined) return other.started !== startOf(other.pid)
  try {
    kill(other.pid, 0)
    return false
  } catch (error) {
    return systemCode(error) === 'ESRCH'
  }
}

function namespaceOf(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return undefined
  }
}

// The 22nd field of proc_pid_stat(5), counted after the name, which may hold spaces and parentheses. A zombie has ended.
function startOf(process: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${process}/stat`, 'latin1')
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? undefined : rest[18]
  } catch {
    return undefined
  }
}
