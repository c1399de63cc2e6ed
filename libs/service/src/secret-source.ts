import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SettingValueError, type Environment } from '@workload-identity/settings'
import { ConfigurationError } from './start-failure.ts'

/** Where a secret is: in a file, in a credential that systemd hands to the service, or in an environment variable. */
export interface SecretSource {
  readonly kind: 'file' | 'credential' | 'env'
  /** The path of the file, or the name of the credential or variable. */
  readonly name: string
}

/** A secret that can be read. */
export interface SecretReader {
  /** Where it is, for people. */
  readonly where: string
  /**
   * Reads it, without the line end after it.
   *
   * @throws {ConfigurationError} when it is not there, or others than its owner have permissions on the file. The text
   * never quotes what was read.
   */
  read(): string
}

/** Far more than any key, so that a wrong path does not fill the memory. */
const MAX_BYTES = 64 * 1024

const lineEnd = /\r?\n$/

/**
 * Reads `<path>`, `credential:<name>` and `env:<name>`.
 *
 * @throws {SettingValueError} for an empty path or a name that cannot be one.
 */
export function parseSecretSource(text: string): SecretSource {
  const [, kind, name] = /^(credential|env):(.*)$/s.exec(text) ?? []
  if (kind === 'credential') {
    if (/^[A-Za-z0-9_.-]{1,255}$/.test(name ?? '') && !/^\.\.?$/.test(name ?? '')) {
      return { kind, name: name ?? '' }
    }
    throw new SettingValueError('must name a systemd credential after `credential:`, as LoadCredential= does')
  }
  if (kind === 'env') {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name ?? '')) return { kind, name: name ?? '' }
    throw new SettingValueError('must name an environment variable after `env:`')
  }
  if (text === '' || text.includes('\0')) throw new SettingValueError('must be a path')
  return { kind: 'file', name: text }
}

/** Makes a reader of the secret at a source. Reads nothing yet. */
export function createSecretReader({ kind, name }: SecretSource, env: Environment): SecretReader {
  switch (kind) {
    case 'file':
      return { where: name, read: () => readPrivateText(name, 0o077) }
    case 'credential':
      return {
        where: `the credential ${name}`,
        read: () => readCredential(name, env['CREDENTIALS_DIRECTORY']),
      }
    case 'env':
      return { where: `the environment variable ${name}`, read: () => readVariable(name, env) }
  }
}

function readCredential(name: string, folder: string | undefined): string {
  if (folder === undefined || folder === '') {
    throw new ConfigurationError(
      `the credential ${name} cannot be read: CREDENTIALS_DIRECTORY is not set; give the unit LoadCredential=${name}:<file>`,
    )
  }
  // systemd lets the service's user in by an access control list, whose mask shows as permissions of the group.
  return readPrivateText(join(folder, name), 0o037)
}

function readVariable(name: string, env: Environment): string {
  const text = env[name]?.replace(lineEnd, '')
  if (text !== undefined && text.trim() !== '') return text
  throw new ConfigurationError(`the environment variable ${name} is not set, or empty`)
}

function readPrivateText(path: string, forbidden: number): string {
  // A pipe that nobody writes to would keep the start waiting.
  const descriptor = attempt(path, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
  try {
    // Permissions and content are those of the same file even if it is replaced just now.
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw new ConfigurationError(`${path} is not a file`)
    if ((stats.mode & forbidden) !== 0) {
      throw new ConfigurationError(
        `${path} gives others than its owner permissions on a secret; run chmod 600 on it`,
      )
    }
    if (stats.size > MAX_BYTES) throw new ConfigurationError(`${path} is too long to be a secret`)
    const text = attempt(path, () => readFileSync(descriptor, 'utf8')).replace(lineEnd, '')
    if (text.trim() === '') throw new ConfigurationError(`${path} is empty; write the secret into it`)
    return text
  } finally {
    closeSync(descriptor)
  }
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new ConfigurationError(`${path} cannot be read (${code})`)
  }
}
