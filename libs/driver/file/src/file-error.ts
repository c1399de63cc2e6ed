import { IssuerError } from '@workload-identity/core'

// What is wrong and the way out, as the end of a sentence about the file.
const troubles: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist; see that it was not moved and that its disk is mounted',
  ENOTDIR: 'a part of its path is not a folder; choose another path',
  EISDIR: 'it is a folder; choose another path',
  EACCES: 'this user may not use it; check its owner and mode',
  EPERM: 'this user may not do that; check its owner, its mode and how its file system is mounted',
  EROFS: 'its file system is mounted read-only; mount it read-write',
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the quota of this user is used up; make room',
  EFBIG: 'it would be larger than this process may write; raise the limit (ulimit -f)',
  EIO: 'the operating system reports an input/output error; check the disk',
  EMFILE: 'this process has too many files open; raise the limit (ulimit -n)',
  ENFILE: 'the system has too many files open; raise the limit',
  ELOOP: 'it is a symbolic link, and links are not followed; put the file itself there',
  ENXIO: 'it is not a regular file; put the file itself there',
}

const otherTrouble = 'the operating system could not do it; the cause says why'

/** The code of an error that the operating system reported (`ENOENT`, …), or `undefined` for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/**
 * The error to throw for `error`: of what the operating system reports, an `IssuerError` with code
 * `ERR_STORE_UNAVAILABLE` that names the file and the way out and keeps the cause; anything else as it is.
 *
 * @param doing what is being done, as in "cannot … /a/file": `'read'`.
 */
export function toFileError(error: unknown, doing: string, path: string): unknown {
  const code = systemCode(error)
  if (code === undefined) return error
  return new IssuerError(
    'ERR_STORE_UNAVAILABLE',
    `cannot ${doing} ${path}: ${troubles[code] ?? otherTrouble}`,
    {
      details: { path, system_code: code },
      cause: error,
    },
  )
}

/** The result of `work`, whose errors are those of {@link toFileError}. */
export async function withFileErrors<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toFileError(error, doing, path)
  }
}

/** An `ERR_STORE_UNAVAILABLE` about `path`; `reason` says what is wrong and the way out. */
export function unusable(path: string, reason: string): IssuerError {
  return new IssuerError('ERR_STORE_UNAVAILABLE', `cannot use ${path}: ${reason}`, { details: { path } })
}
