import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { IssuerError } from '@workload-identity/core'
import { TOKEN_PATTERN, toFileError, unusable, type PrivateDirectory } from '@workload-identity/driver-file'

/** What a folder holds of a ring. */
export interface RingFiles {
  /** The numbers of the files `ring.<number>`, ascending; the last one is the ring. */
  readonly numbers: readonly number[]
  /** What savers wrote to give it a number. */
  readonly temporaries: readonly RingTemporary[]
}

/** A file that its saver has not given its name yet, or never will. */
export interface RingTemporary {
  readonly name: string
  /** The number it is meant to get. */
  readonly number: number
  /** Of its saver. */
  readonly token: string
}

const MAX_LISTINGS = 1000
const temporaryName = new RegExp(`^ring\\.([1-9][0-9]{0,14})\\.(${TOKEN_PATTERN})\\.tmp$`)

/** The path of the ring with that number. */
export function ringPath({ path }: PrivateDirectory, number: number): string {
  return join(path, `ring.${number}`)
}

/** The path of a file that is meant to become the ring with that number; `token` is its saver's. */
export function temporaryPath({ path }: PrivateDirectory, number: number, token: string): string {
  return join(path, `ring.${number}.${token}.tmp`)
}

/**
 * Lists the files of a ring.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when the folder cannot be listed; `ERR_STORE_CORRUPT` when there is no ring but a
 * file that looks like one under another name: that is not an empty store.
 */
export function listRingFiles(directory: PrivateDirectory): RingFiles {
  const names = listTwice(directory)
  const numbers = names.map(ringNumber).filter((number) => number !== undefined)
  const temporaries = names.map(ringTemporary).filter((temporary) => temporary !== undefined)
  const [stranger] = names.filter(
    (name) => ringNumber(name) === undefined && ringTemporary(name) === undefined,
  )
  if (numbers.length === 0 && stranger !== undefined) throw renamed(join(directory.path, stranger))
  return { numbers: numbers.sort((left, right) => left - right), temporaries }
}

// POSIX leaves open whether a listing shows what comes and goes while it is made. On Linux one of a small folder is a single
// moment's; elsewhere two equal ones in a row are taken for it.
function listTwice(directory: PrivateDirectory): string[] {
  let names = listOnce(directory)
  for (let listing = 1; listing < MAX_LISTINGS; listing += 1) {
    const again = listOnce(directory)
    if (again.join('\n') === names.join('\n')) return names
    names = again
  }
  throw unusable(directory.path, 'others change the ring all the time; try again')
}

function listOnce({ path }: PrivateDirectory): string[] {
  try {
    return readdirSync(path).filter((name) => /^ring\./i.test(name))
  } catch (error) {
    throw toFileError(error, 'list the folder', path)
  }
}

function ringNumber(name: string): number | undefined {
  const digits = /^ring\.([1-9][0-9]{0,14})$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function ringTemporary(name: string): RingTemporary | undefined {
  const [, digits, token] = temporaryName.exec(name) ?? []
  return digits === undefined || token === undefined ? undefined : { name, number: Number(digits), token }
}

function renamed(path: string): IssuerError {
  const reason =
    'it looks like a key ring under another name, and there is no key ring; give it back its name (ring.<number>, as in its ' +
    'first line), restore one from a backup, or move it away to start with an empty store'
  return new IssuerError('ERR_STORE_CORRUPT', `cannot use ${path}: ${reason}`, { details: { path } })
}
