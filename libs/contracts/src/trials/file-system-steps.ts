import fs, { type PathLike } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** A call that changes a file system: `open` (of a new file), `write`, `sync`, `link`, `rename`, `unlink`, `mkdir`, `rmdir`. */
export interface FileSystemStep {
  readonly call: string
  /** Unknown for what is done to an open file. */
  readonly path?: string
}

/**
 * Calls `before` ahead of every change that code in this process makes to a file system through `node:fs/promises`, and twice for
 * the content of a file: also when half of it is written. The call waits for `before` and is rejected with what it throws.
 *
 * It replaces functions of Node, so the code under trial is the one that ships, without a switch in it. The function it
 * gives puts them back.
 */
export async function interceptFileSystem(
  before: (step: FileSystemStep) => void | Promise<void>,
): Promise<() => void> {
  const files = fs.promises
  const nowhere = await files.open('/dev/null', 'r')
  const handles = Object.getPrototypeOf(nowhere) as Pick<fs.promises.FileHandle, 'writeFile' | 'sync'>
  await nowhere.close()
  const originals = { ...files }
  const { writeFile, sync } = handles

  const inPath =
    <A extends [path: PathLike, ...rest: never[]], R>(
      call: string,
      original: (...parameters: A) => Promise<R>,
    ) =>
    async (...parameters: A): Promise<R> => {
      await before({ call, path: String(parameters[0]) })
      return await original(...parameters)
    }
  Object.assign(files, {
    link: inPath('link', originals.link),
    rename: inPath('rename', originals.rename),
    unlink: inPath('unlink', originals.unlink),
    mkdir: inPath('mkdir', originals.mkdir),
    rmdir: inPath('rmdir', originals.rmdir),
    writeFile: inPath('write', originals.writeFile as (path: PathLike) => Promise<void>),
    async open(path: PathLike, flags?: string, mode?: number) {
      if (flags !== undefined && flags !== 'r') await before({ call: 'open', path: String(path) })
      return await originals.open(path, flags, mode)
    },
  })
  Object.assign(handles, {
    async writeFile(this: fs.promises.FileHandle, content: string) {
      await before({ call: 'write' })
      const bytes = Buffer.from(content)
      const half = Math.ceil(bytes.length / 2)
      await writeFile.call(this, bytes.subarray(0, half))
      await before({ call: 'write' })
      await writeFile.call(this, bytes.subarray(half))
    },
    async sync(this: fs.promises.FileHandle) {
      await before({ call: 'sync' })
      await sync.call(this)
    },
  })
  syncBuiltinESMExports()
  return () => {
    Object.assign(files, originals)
    Object.assign(handles, { writeFile, sync })
    syncBuiltinESMExports()
  }
}

/** Kills this process before the change `step` (from 1) that it makes to a file system from now on. */
export async function killAtFileSystemStep(step: number): Promise<void> {
  let steps = 0
  await interceptFileSystem(() => {
    steps += 1
    if (steps === step) process.kill(process.pid, 'SIGKILL')
  })
}

/** An error as the operating system reports it. */
export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made by a trial`), { code, syscall: 'trial' })
}
