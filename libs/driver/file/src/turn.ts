import { existsSync } from 'node:fs'
import { link, mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { systemCode, unusable, withFileErrors } from './file-error.ts'
import type { PrivateDirectory } from './private-directory.ts'
import { writeNewFile } from './private-file.ts'
import { createProcessToken, hasProcessEnded } from './process-token.ts'
import {
  findHolder,
  ownPath,
  preparedPath,
  removeAbandoned,
  removeOwn,
  removePrepared,
  turnPath,
} from './turn-files.ts'

/** The files a change brings with it, by a short name: content, or the name of another one that it is a further name of. */
export type TurnFiles = Readonly<Record<string, { readonly content: string } | { readonly sameAs: string }>>

/** The right to change the files of a folder. It may be lost at any moment; what comes after has no effect then. */
export interface Turn {
  /** Puts the file `name` that was brought in place of whatever is at `path`. Not durable until its folder is synced. */
  put(name: string, path: string): Promise<void>
  /** Removes the file at `path`; nothing happens when there is none. Not durable until its folder is synced. */
  remove(path: string): Promise<void>
}

/** One after the other, across processes and after crashes. */
export interface Turns {
  /**
   * The result of `work`, which nobody else's work overlaps. When the turn is lost in the middle, because others took this
   * process for dead, `work` is done again from the start in another turn; so it reads afresh what it decides on, and makes
   * its one change that counts last.
   *
   * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when no turn can be had, or of whatever the operating system reports.
   */
  take<T>(files: TurnFiles, work: (turn: Turn) => Promise<T>): Promise<T>
}

/** The mean of the pauses between two looks at whether the turn is free. */
const POLL_MS = 4
/** How often the same holder is met while it may be alive: about 5 s. Then its turn is over; its changes fail and are redone. */
const PATIENCE = 1250
const MAX_ATTEMPTS = 100
/** Turns of this process that are over although what is left of them could not be removed, as on a full disk. */
const unreleased = new Set<string>()

/**
 * Turns at changing the files of `directory`, without a lock that a crash could leave behind for good.
 *
 * Whoever wants to change something prepares a folder `prepare.<token>` with everything he will need, and renames it to
 * `turn`. That works only while `turn` is missing or empty, and ends an empty one for good. All his changes are renames out
 * of and into `turn/<token>.…`, names that are made before and exist only while it is his turn. So whoever empties `turn`
 * ends it, and nothing that its holder tries later does anything, however late. The turn of a process that ended is
 * emptied at once, that of one that may be alive after some seconds.
 */
export function createTurns(directory: PrivateDirectory): Turns {
  let last: Promise<unknown> | undefined
  return {
    take(files, work) {
      last ??= removeAbandoned(directory.path).catch(() => undefined)
      const mine = last.then(() => takeTurn(directory, files, work))
      last = mine.catch(() => undefined)
      return mine
    },
  }
}

/** Says that the turn, or what was prepared for it, was taken away. Never leaves this file. */
class TurnLost extends Error {}

async function takeTurn<T>(
  directory: PrivateDirectory,
  files: TurnFiles,
  work: (turn: Turn) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    directory.check()
    const token = createProcessToken()
    try {
      return await withFileErrors('write to', directory.path, async () =>
        work(await acquire(directory, token, files)),
      )
    } catch (error) {
      if (!(error instanceof TurnLost)) throw error
    } finally {
      await release(directory, token).catch(() => unreleased.add(token))
    }
  }
  throw unusable(directory.path, 'other processes kept taking the turn away; see whether its disk is slow')
}

async function acquire(directory: PrivateDirectory, token: string, files: TurnFiles): Promise<Turn> {
  const prepared = preparedPath(directory.path, token)
  const turn = turnPath(directory.path)
  await prepare(prepared, token, files)
  let watched: string | undefined
  let met = 0
  while (!(await enter(prepared, turn))) {
    const holder = findHolder(turn)
    met = holder === watched ? met + 1 : 0
    watched = holder
    if (holder !== undefined && (isOver(holder) || met >= PATIENCE)) {
      await removeOwn(turn, holder)
      unreleased.delete(holder)
      await removeAbandoned(directory.path)
    } else {
      await pause(1 + Math.random() * 2 * (POLL_MS - 1))
    }
  }
  return createTurn(turn, token)
}

function isOver(holder: string): boolean {
  return unreleased.has(holder) || hasProcessEnded(holder)
}

async function prepare(folder: string, token: string, files: TurnFiles): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 })
    await mkdir(ownPath(folder, token, 'removed'), { mode: 0o700 })
    for (const [name, file] of Object.entries(files)) {
      const path = ownPath(folder, token, name)
      if ('content' in file) await writeNewFile(path, file.content)
      else await link(ownPath(folder, token, file.sameAs), path)
    }
  } catch (error) {
    throw systemCode(error) === 'ENOENT' ? new TurnLost() : error
  }
}

/** Whether the prepared folder became the turn. */
async function enter(prepared: string, turn: string): Promise<boolean> {
  try {
    await rename(prepared, turn)
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
    throw code === 'ENOENT' ? new TurnLost() : error
  }
}

function createTurn(turn: string, token: string): Turn {
  const bin = ownPath(turn, token, 'removed')
  let removed = 0
  return {
    async put(name, path) {
      const own = ownPath(turn, token, name)
      try {
        await rename(own, path)
      } catch (error) {
        // Without the file that was brought the turn is over; with it, the folder of `path` is missing.
        throw systemCode(error) === 'ENOENT' && !existsSync(own) ? new TurnLost() : error
      }
    },
    async remove(path) {
      removed += 1
      try {
        await rename(path, join(bin, String(removed)))
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw error
        if (!existsSync(bin)) throw new TurnLost()
      }
    },
  }
}

async function release({ path }: PrivateDirectory, token: string): Promise<void> {
  await removeOwn(turnPath(path), token)
  await removePrepared(path, token)
}
