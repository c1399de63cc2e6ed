import type { Assignment, AssignmentList, EndedAssignment } from '@workload-identity/api'
import { DEFAULT_TOKEN_FILES, type TokenFile } from '@workload-identity/core'

/** A sandbox whose files are kept. */
export interface KnownSandbox {
  readonly app: string
  /** What its tokens follow from besides the files, as {@link claimsOf} gives it. */
  readonly claims: string
  /** The registry of the list in which it was last. */
  readonly registryId: string
  readonly files: ReadonlyMap<string, TokenFile>
}

/** Files of one sandbox. */
export interface SandboxFiles {
  readonly assignment: Assignment
  readonly files: readonly TokenFile[]
}

/** What is to be done so that the files are those of a list. */
export interface FileChanges {
  /** Sandboxes of which nothing is known: there may be files of an earlier run. */
  readonly found: readonly SandboxFiles[]
  /** Files that are new, or are to hold other tokens from now on, of known sandboxes. */
  readonly wanted: readonly SandboxFiles[]
  /** Files that known sandboxes no longer have; all of one whose app is another now, because it is another sandbox of that ID. */
  readonly unwanted: readonly SandboxFiles[]
  /** Ends that were not heard of: everything of these goes. */
  readonly ended: readonly EndedAssignment[]
  /** Ends of sandboxes that were last seen in another registry, which this one cannot know of. */
  readonly doubted: readonly EndedAssignment[]
  /** Files whose names can be none. */
  readonly refused: readonly SandboxFiles[]
}

const fileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/**
 * Decides what a list of assignments means for the files. Pure. A sandbox that is merely absent loses nothing: an empty list
 * is no end, and only `ended` is.
 *
 * @param heardOf the ends that were dealt with, by sandbox ID with their `ended_at`.
 */
export function planFileChanges(
  list: AssignmentList,
  known: ReadonlyMap<string, KnownSandbox>,
  heardOf: ReadonlyMap<string, number>,
): FileChanges {
  const live = new Set(list.sandboxes.map(({ sandbox_id }) => sandbox_id))
  const ended = list.ended.filter(
    ({ sandbox_id: id, ended_at: at }) => !live.has(id) && heardOf.get(id) !== at,
  )
  const isDoubted = ({ sandbox_id: id }: EndedAssignment) =>
    (known.get(id)?.registryId ?? list.registry_id) !== list.registry_id
  const strange = list.sandboxes.filter(({ sandbox_id: id }) => !known.has(id))
  const familiar = list.sandboxes.flatMap((assignment) => {
    const sandbox = known.get(assignment.sandbox_id)
    return sandbox === undefined ? [] : [{ assignment, sandbox }]
  })
  return {
    found: strange.map((assignment) => ({ assignment, files: filesOf(assignment) })),
    wanted: withFiles(
      familiar.map(({ assignment, sandbox }) => ({ assignment, files: newFiles(assignment, sandbox) })),
    ),
    unwanted: withFiles(
      familiar.map(({ assignment, sandbox }) => ({ assignment, files: formerFiles(assignment, sandbox) })),
    ),
    ended: ended.filter((end) => !isDoubted(end)),
    doubted: ended.filter(isDoubted),
    refused: withFiles(
      list.sandboxes.map((assignment) => ({
        assignment,
        files: (assignment.token_files ?? []).filter(({ name }) => !isFileName(name)),
      })),
    ),
  }
}

/** What the tokens of a sandbox follow from besides what its files ask for: when it changes, they are replaced. */
export function claimsOf({ app, subject, max_ttl, allowed_audiences }: Assignment): string {
  return JSON.stringify([app, subject, max_ttl, allowed_audiences])
}

/** The files that a sandbox is to have. */
export function filesOf({ token_files }: Assignment): readonly TokenFile[] {
  const files: readonly TokenFile[] = token_files ?? DEFAULT_TOKEN_FILES
  return files.filter(({ name }) => isFileName(name))
}

/** Whether a text may be the name of a token file, so that it leads nowhere else. */
export function isFileName(name: string): boolean {
  return fileName.test(name)
}

function newFiles(assignment: Assignment, { claims, files }: KnownSandbox): readonly TokenFile[] {
  const wanted = filesOf(assignment)
  if (claims !== claimsOf(assignment)) return wanted
  return wanted.filter((file) => !isSameFile(file, files.get(file.name)))
}

function formerFiles(assignment: Assignment, { app, files }: KnownSandbox): readonly TokenFile[] {
  const names = new Set(app === assignment.app ? filesOf(assignment).map(({ name }) => name) : [])
  return [...files.values()].filter(({ name }) => !names.has(name))
}

function isSameFile(a: TokenFile, b: TokenFile | undefined): boolean {
  return b !== undefined && a.ttl === b.ttl && JSON.stringify(a.audience) === JSON.stringify(b.audience)
}

function withFiles(sandboxes: readonly SandboxFiles[]): readonly SandboxFiles[] {
  return sandboxes.filter(({ files }) => files.length > 0)
}
