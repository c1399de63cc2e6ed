import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'

/** The checkout, for the variable of that name in guides. */
export const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/**
 * Ends the issuer that the commands of a guide start in the background, when the test is over: by the process ID that they
 * leave in `<place>/pid`.
 */
export function endBackgroundIssuer(place: string): void {
  onTestFinished(async () => {
    const pid = Number(readFileSync(join(place, 'pid'), 'utf8'))
    process.kill(pid, 'SIGTERM')
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false)
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
