import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The environment variable that names the file of the clock to the processes of a test. */
export const CLOCK_FILE_VARIABLE = 'TEST_CLOCK_FILE'

/** A clock that several processes share: the machine's, moved by an offset that a test changes. */
export interface TestClock {
  /** What a process has to find in its environment to follow the clock. */
  readonly env: Readonly<Record<string, string>>
  /** The time of the clock, in Unix seconds. */
  now(): number
  /** Moves the clock by that many seconds, back when negative; every process sees it at once. */
  advance(seconds: number): Promise<void>
}

/** Makes a clock in `folder` that shows the time of the machine until it is moved. */
export async function createTestClock(folder: string): Promise<TestClock> {
  const path = join(folder, 'clock')
  let offsetMs = 0
  const write = async () => {
    await writeFile(`${path}.new`, String(offsetMs))
    await rename(`${path}.new`, path)
  }
  await write()
  return {
    env: { [CLOCK_FILE_VARIABLE]: path },
    now: () => Math.floor((Date.now() + offsetMs) / 1000),
    async advance(seconds) {
      offsetMs += seconds * 1000
      await write()
    },
  }
}

/** How far the clock that the environment names is from that of the machine, in milliseconds; read anew each time. */
export function readClockOffset(): number {
  const path = process.env[CLOCK_FILE_VARIABLE]
  if (path === undefined) throw new Error(`${CLOCK_FILE_VARIABLE} is not set`)
  return Number(readFileSync(path, 'utf8'))
}
