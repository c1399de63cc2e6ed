import { IssuerError } from '@workload-identity/core'

// What is wrong and the way out, as the end of a sentence about the file or folder.
const troubles: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist; see that it was not moved and that its disk is mounted',
  ENOTDIR: 'it is not a folder; choose another path or remove what is there',
  EISDIR: 'it is a folder; remove it',
  EACCES: 'this user may not use it; check its owner and mode',
  EPERM: 'this user may not do that; give the proxy the rights its owner and group ask for, or set others',
  EROFS: 'its file system is mounted read-only; mount it read-write',
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the quota of this user is used up; make room',
  EIO: 'the operating system reports an input/output error; check the disk',
  EMFILE: 'this process has too many files open; raise the limit (ulimit -n)',
  ELOOP: 'it is a symbolic link, and links are not followed; remove it',
  ENOTEMPTY: 'there are folders in it that are not of the proxy; remove them',
}

/** The code of an error that the operating system reported (`ENOENT`, …), or `undefined` for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** An `ERR_STORE_UNAVAILABLE` that says why the file or folder at `path` is not used, and what to do. */
export function unusable(path: string, reason: string): IssuerError {
  return new IssuerError('ERR_STORE_UNAVAILABLE', `cannot use ${path}: ${reason}`, { details: { path } })
}

/**
 * What the operating system reported as an `ERR_STORE_UNAVAILABLE`; any other error as it is.
 *
 * @param action what was tried, for the sentence: `write`, `create the folder`.
 */
export function toFolderError(error: unknown, action: string, path: string): unknown {
  const code = systemCode(error)
  if (code === undefined) return error
  const reason = troubles[code] ?? 'the operating system could not do it; the cause says why'
  return new IssuerError('ERR_STORE_UNAVAILABLE', `cannot ${action} ${path}: ${reason}`, {
    details: { path, system_code: code },
    cause: error,
  })
}
