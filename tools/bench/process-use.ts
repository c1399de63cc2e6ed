import { readFileSync } from 'node:fs'

/** What a process has used so far. */
export interface ProcessUse {
  /** CPU time, its own and the kernel's for it. */
  readonly cpuSeconds: number
  readonly residentMiB: number
}

/** Ticks a second in `/proc/<pid>/stat` on Linux. */
const TICKS = 100

/** Reads what a process has used, on Linux. */
export function readProcessUse(pid: number): ProcessUse {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold blanks; the fields are counted after it.
  const [user = '0', system = '0'] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return {
    cpuSeconds: (Number(user) + Number(system)) / TICKS,
    residentMiB: Math.round(Number(kib) / 1024),
  }
}
