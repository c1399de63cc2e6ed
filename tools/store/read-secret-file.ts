import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { mistake } from './command-error.ts'

/**
 * The text of a file that only its owner may use, without the line break at its end.
 *
 * @throws {StoreCommandError} when it cannot be read or others have permissions on it. The text never quotes it.
 */
export function readSecretFile(path: string): string {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (error) {
    throw mistake(`${path} cannot be read (${codeOf(error)})`)
  }
  try {
    if ((fstatSync(descriptor).mode & 0o077) !== 0) {
      throw mistake(`${path} gives others than its owner permissions on a secret; run chmod 600 on it`)
    }
    return readFileSync(descriptor, 'utf8').replace(/\r?\n$/, '')
  } finally {
    closeSync(descriptor)
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
