import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { IssuerError, type EndedAssignment, type EndedAssignments } from '@workload-identity/core'
import {
  createDirectory,
  createTurns,
  formatCheckedText,
  parseCheckedText,
  readPrivateFile,
  syncDirectory,
  systemCode,
  toFileError,
  type Turn,
} from '@workload-identity/driver-file'
import type { FileRegistryOptions } from './registry-options.ts'

const FORMAT = { format: 'workload-identity-ended-assignment', version: 1 } as const
const FOLDER = 'ended'
const MAX_NOTE_BYTES = 4096

/** Changing and reading is done in portions of this size, so that others get their turn. */
const PORTION = 50

/**
 * Notes about ended assignments in a folder, beside the registry: one small file a note, in a folder a runner. They belong
 * to no registry ID: a registry that was lost leaves them as they are. Does no I/O until it is used.
 */
export function createFileEndedAssignments({
  directory,
}: Pick<FileRegistryOptions, 'directory'>): EndedAssignments {
  const root = join(directory.path, FOLDER)
  const turns = createTurns(directory)
  const folderOf = (runnerId: string) => join(root, hashOf(runnerId))
  const pathOf = (note: EndedAssignment) => join(folderOf(note.runner_id), hashOf(note.sandbox_id))
  const read = (path: string): EndedAssignment | undefined => {
    const content = readPrivateFile(path, MAX_NOTE_BYTES)
    if (content === undefined) return undefined
    const note = parseNote(parseCheckedText(content, FORMAT, path).text, path)
    // IDs may hold a slash or differ by case only, so files are named after their hashes.
    if (pathOf(note) !== path) throw unreadable(path)
    return note
  }
  /** Puts those notes in place, each as a whole, and makes their folders durable once. */
  const putPortion = async (portion: readonly EndedAssignment[]) => {
    const files = portion.map((note, index) => [`note-${index}`, { content: formatNote(note) }] as const)
    await turns.take(Object.fromEntries(files), async (turn) => {
      const paths = portion.map(pathOf)
      const folders = new Set(paths.map((path) => dirname(path)))
      for (const folder of folders) await createDirectory(directory.path, folder)
      for (const [index, path] of paths.entries()) await turn.put(`note-${index}`, path)
      for (const folder of folders) await syncDirectory(folder)
    })
  }
  const removeDue = async (
    turn: Turn,
    paths: readonly string[],
    isDue: (note: EndedAssignment) => boolean,
  ) => {
    let removed = 0
    for (const path of paths) {
      const note = read(path)
      // Replaced meanwhile by a later note, which stays.
      if (note === undefined || !isDue(note)) continue
      await turn.remove(path)
      removed += 1
    }
    for (const folder of new Set(paths.map((path) => dirname(path)))) await syncDirectory(folder)
    return removed
  }

  return {
    async put(ended) {
      directory.check()
      // Of two notes about the same sandbox the later one counts.
      const notes = [...new Map(ended.map((note) => [pathOf(note), note])).values()]
      for (let start = 0; start < notes.length; start += PORTION)
        await putPortion(notes.slice(start, start + PORTION))
    },
    async list(runnerId, from, until) {
      directory.check()
      const folder = folderOf(runnerId)
      const found: EndedAssignment[] = []
      for (const [index, name] of listOrEmpty(folder).entries()) {
        if (index % PORTION === PORTION - 1) await breathe()
        const note = read(join(folder, name))
        if (note !== undefined && from <= note.ended_at && note.ended_at <= until) found.push(note)
      }
      // That there was nothing counts only when the folder was there all along.
      directory.check()
      return found.sort((left, right) => (left.sandbox_id < right.sandbox_id ? -1 : 1))
    },
    async removeBefore(moment, limit) {
      directory.check()
      const isDue = (note: EndedAssignment) => note.ended_at < moment
      let removed = 0
      for (const runner of listOrEmpty(root)) {
        const folder = join(root, runner)
        const due: string[] = []
        for (const [index, name] of listOrEmpty(folder).entries()) {
          if (removed + due.length >= limit) break
          if (index % PORTION === PORTION - 1) await breathe()
          const note = read(join(folder, name))
          if (note !== undefined && isDue(note)) due.push(join(folder, name))
        }
        for (let start = 0; start < due.length; start += PORTION) {
          const portion = due.slice(start, start + PORTION)
          removed += await turns.take({}, (turn) => removeDue(turn, portion, isDue))
        }
      }
      directory.check()
      return removed
    },
  }
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('hex')
}

function listOrEmpty(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw toFileError(error, 'list the folder', folder)
  }
}

function formatNote({ runner_id, sandbox_id, ended_at }: EndedAssignment): string {
  return formatCheckedText({
    ...FORMAT,
    facts: {},
    text: JSON.stringify({ runner_id, sandbox_id, ended_at }),
  })
}

// The checksum says that this is what was written; the shape only has to be what the code goes by.
function parseNote(text: string, path: string): EndedAssignment {
  const note = JSON.parse(text) as Partial<EndedAssignment>
  const { runner_id, sandbox_id, ended_at } = note
  if (typeof runner_id !== 'string' || typeof sandbox_id !== 'string' || !Number.isSafeInteger(ended_at))
    throw unreadable(path)
  return note as EndedAssignment
}

function unreadable(path: string): IssuerError {
  const reason = 'it is not the note about the sandbox it is named after; remove it'
  return new IssuerError('ERR_STORE_CORRUPT', `cannot use ${path}: ${reason}`, { details: { path } })
}
