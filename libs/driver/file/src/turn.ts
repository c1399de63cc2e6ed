import { randomUUID } from 'node:crypto'
import { link, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { systemCode, unusable, withFileErrors } from './file-error.ts'
import type { PrivateDirectory } from './private-directory.ts'
import { writeNewFile } from './private-file.ts'
import { ownProcess } from './process-identity.ts'
import {
  emptyTurn,
  findHolder,
  isHolder,
  removeAbandoned,
  removePrepared,
  type TurnHolder,
} from './turn-holder.ts'

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

const TURN = 'turn'
const POLL_MS = 4
/** How long the same holder is waited for while it may be alive: 5 s. Then its turn is over; its changes fail and are redone. */
const PATIENCE_POLLS = 1250
const MAX_ATTEMPTS = 100

/**
 * Turns at changing the files of `directory`, without a lock that a crash could leave behind for good.
 *
 * Whoever wants to change something prepares a folder `prepare.<token>` with everything he will need, and renames it to `turn`. That works only while
 * `turn` is missing or empty, and kills the empty one. All his changes are renames out of and into `turn/<token>.…`, names
 * that exist only while it is his turn: so whoever empties `turn` ends it, and nothing its holder tries later does
 * anything, however late. A dead holder's turn is ended at once, that of one who may be alive after some seconds.
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

/** Says that the turn was lost before the change that counts. Never leaves this file. */
class TurnLost extends Error {}

async function takeTurn<T>(
  directory: PrivateDirectory,
  files: TurnFiles,
  work: (turn: Turn) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    directory.check()
    const token = randomUUID()
    try {
      const turn = await withFileErrors('write to', directory.path, () => acquire(directory, token, files))
      return await withFileErrors('write to', directory.path, () => work(turn))
    } catch (error) {
      if (!(error instanceof TurnLost)) throw error
    } finally {
      await emptyTurn(join(directory.path, TURN), token).catch(() => undefined)
      await removePrepared(directory.path, token).catch(() => undefined)
    }
  }
  throw unusable(directory.path, 'other processes kept taking the turn away; see whether its disk is slow')
}

async function acquire(directory: PrivateDirectory, token: string, files: TurnFiles): Promise<Turn> {
  const prepared = join(directory.path, `prepare.${token}`)
  const turn = join(directory.path, TURN)
  await prepare(prepared, token, files)
  let watched: TurnHolder | undefined
  let polls = 0
  while (!(await enter(prepared, turn))) {
    const holder = findHolder(turn)
    polls = holder?.token === watched?.token ? polls + 1 : 0
    watched = holder
    if (holder !== undefined && (holder.hasEnded || polls >= PATIENCE_POLLS)) {
      await emptyTurn(turn, holder.token)
      await removeAbandoned(directory.path)
    } else {
      await pause(1 + Math.random() * 2 * POLL_MS)
    }
  }
  return createTurn(turn, token)
}

async function prepare(folder: string, token: string, files: TurnFiles): Promise<void> {
  const pathOf = (name: string) => join(folder, `${token}.${name}`)
  await mkdir(folder, { mode: 0o700 })
  try {
    // Worth nothing after a power failure, so it need not survive one.
    await writeFile(pathOf('holder'), JSON.stringify(ownProcess()), { flag: 'wx', mode: 0o600 })
    await mkdir(pathOf('removed'), { mode: 0o700 })
    for (const [name, file] of Object.entries(files)) {
      if ('content' in file) await writeNewFile(pathOf(name), file.content)
      else await link(pathOf(file.sameAs), pathOf(name))
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

function createTurn(folder: string, token: string): Turn {
  const pathOf = (name: string) => join(folder, `${token}.${name}`)
  let removed = 0
  return {
    async put(name, path) {
      await whileHeld(folder, token, () => rename(pathOf(name), path))
    },
    async remove(path) {
      removed += 1
      await whileHeld(folder, token, () => rename(path, join(pathOf('removed'), String(removed)))).catch(
        ignoreAbsence,
      )
    },
  }
}

async function whileHeld(folder: string, token: string, change: () => Promise<void>): Promise<void> {
  try {
    await change()
  } catch (error) {
    const isLost = systemCode(error) === 'ENOENT' && !isHolder(folder, token)
    throw isLost ? new TurnLost() : error
  }
}

function ignoreAbsence(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error
}
