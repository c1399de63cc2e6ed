import type { Assignment, AssignmentList } from '@workload-identity/api'
import type { Clock, TokenFile } from '@workload-identity/core'
import { fitsFile, readTokenFacts } from '../token-facts.ts'
import { lifeOfFoundToken } from '../token-life.ts'
import { claimsOf, planFileChanges, type KnownSandbox, type SandboxFiles } from './file-changes.ts'
import type { FileRemovals } from './file-removals.ts'
import { folderNameOf } from './folder-name.ts'
import { forEachLimited } from './for-each-limited.ts'
import type { TokenFileEvent } from './keeper-options.ts'
import type { PlannedFile, RefreshPlan } from './refresh-plan.ts'
import type { FoundFile, TokenFolder } from './token-folder.ts'
import type { Turns } from './turns.ts'

/** What {@link createKeptSandboxes} needs. */
export interface KeptSandboxesOptions {
  readonly plan: RefreshPlan
  readonly removals: FileRemovals
  readonly folder: TokenFolder
  readonly turns: Turns
  readonly clock: Clock
  /** Milliseconds of a time that never goes back. */
  readonly now: () => number
  readonly readIssuerUrl: () => Promise<string | undefined>
  /** Whether a crash may have left parts of two tokens in a file: what is found is then replaced at once. */
  readonly isWrittenInPlace: boolean
  readonly onEvent: (event: TokenFileEvent) => void
  /** Called after what is planned has changed. */
  readonly onPlanned: () => void
}

/** The sandboxes whose files are kept, by the lists of assignments. */
export interface KeptSandboxes {
  /** Has the plan follow a list. Of lists that come meanwhile the last one counts, since each is complete. */
  follow(list: AssignmentList): void
  /**
   * Leaves a file alone whose token is over, if no list has its sandbox any more: its issuer gives none for it, and may
   * never say that it ended. The file stays.
   */
  giveUp(planned: PlannedFile): void
  /** Follows no further list, and lets go of the one it follows. */
  stop(): void
  size(): number
}

interface KeptSandbox extends KnownSandbox {
  readonly files: Map<string, TokenFile>
  /** Whether the last list had it. Until it is said to have ended, one that had not is kept all the same. */
  readonly isListed: boolean
}

const LOOKS_AT_ONCE = 16
/** Seconds. */
const CLOCK_TOLERANCE = 60

/** Makes {@link KeptSandboxes} that know none. */
export function createKeptSandboxes(options: KeptSandboxesOptions): KeptSandboxes {
  const { plan, removals, folder, turns, clock, now, onEvent, onPlanned } = options
  const { readIssuerUrl, isWrittenInPlace } = options
  const known = new Map<string, KeptSandbox>()
  let issuerUrl: Promise<string | undefined> | undefined
  let hasIssuerFailed = false
  let heardOf: ReadonlyMap<string, number> = new Map()
  let refusedNames: ReadonlySet<string> = new Set()
  let nextList: AssignmentList | undefined
  let isApplying = false
  let isStopped = false

  const keep = (assignment: Assignment, registryId: string) => {
    const files = known.get(assignment.sandbox_id)?.files ?? new Map<string, TokenFile>()
    const { app } = assignment
    known.set(assignment.sandbox_id, {
      ...{ app, files, registryId },
      claims: claimsOf(assignment),
      isListed: true,
    })
    return files
  }
  const end = async (sandboxId: string) => {
    for (const name of known.get(sandboxId)?.files.keys() ?? []) plan.remove(sandboxId, name)
    known.delete(sandboxId)
    await removals.begin({ sandboxId })
  }
  const lose = async (sandboxId: string, name: string) => {
    plan.remove(sandboxId, name)
    known.get(sandboxId)?.files.delete(name)
    await removals.begin({ sandboxId, name })
  }
  const want = (sandboxId: string, file: TokenFile) => {
    const held = plan.find(sandboxId, file.name)?.held
    known.get(sandboxId)?.files.set(file.name, file)
    plan.put(sandboxId, file, now(), held && { ...held, isDue: true })
  }
  const takeOver = async ({ assignment, files }: SandboxFiles, registryId: string) => {
    const { sandbox_id: sandboxId, app } = assignment
    removals.callOff(sandboxId)
    const found = await lookAt(sandboxId)
    const issuer = found.length === 0 ? undefined : await askIssuerUrl()
    // First, so that nothing is removed that was written since.
    for (const { name } of found.filter((other) => isLeftover(other, assignment, files))) {
      await removals.begin({ sandboxId, name })
    }
    if (isStopped) return
    const kept = keep(assignment, registryId)
    for (const file of files) {
      const facts = readTokenFacts(found.find(({ name }) => name === file.name)?.text ?? '')
      const wanted = { sandboxId, app, file, ...(issuer !== undefined && { issuerUrl: issuer }) }
      const isKept = facts !== undefined && fitsFile(facts, wanted)
      kept.set(file.name, file)
      // A token from the future shows that the clock is slow, and what it says of the rest of the life is not to be relied on.
      const isDue = isWrittenInPlace || (facts?.iat ?? 0) > clock() + CLOCK_TOLERANCE
      const held = isKept ? { ...lifeOfFoundToken(facts, now(), clock()), isDue } : undefined
      plan.put(sandboxId, file, now(), held)
    }
    onPlanned()
  }
  const lookAt = async (sandboxId: string): Promise<readonly FoundFile[]> => {
    try {
      return await turns.take(sandboxId, () => folder.look(folderNameOf(sandboxId)))
    } catch (error) {
      onEvent({ type: 'look-failed', sandbox_id: sandboxId, error })
      return []
    }
  }
  /** Asked once, and after a failure again for another list: thousands of sandboxes are not to wait one after the other. */
  const askIssuerUrl = () => {
    issuerUrl ??= readIssuerUrl().catch(() => {
      hasIssuerFailed = true
      return undefined
    })
    return issuerUrl
  }
  const tellRefused = (refused: readonly SandboxFiles[]) => {
    const names = refused.flatMap(({ assignment: { sandbox_id }, files }) =>
      files.map(({ name }) => ({ key: JSON.stringify([sandbox_id, name]), sandbox_id, name })),
    )
    for (const { key, sandbox_id, name } of names) {
      if (!refusedNames.has(key)) onEvent({ type: 'name-refused', sandbox_id, name })
    }
    refusedNames = new Set(names.map(({ key }) => key))
  }
  const apply = async (list: AssignmentList) => {
    if (hasIssuerFailed) issuerUrl = undefined
    hasIssuerFailed = false
    const changes = planFileChanges(list, known, heardOf)
    heardOf = new Map(list.ended.map(({ sandbox_id, ended_at }) => [sandbox_id, ended_at]))
    for (const { sandbox_id } of changes.doubted) onEvent({ type: 'end-doubted', sandbox_id })
    tellRefused(changes.refused)
    const lost = changes.unwanted.flatMap(({ assignment: { sandbox_id }, files }) =>
      files.map(({ name }) => lose(sandbox_id, name)),
    )
    const ended = changes.ended.map(({ sandbox_id }) => end(sandbox_id))
    // A file that is lost and wanted again is written after it was removed: its sandbox has one turn at a time.
    for (const { assignment, files } of changes.wanted) {
      for (const file of files) want(assignment.sandbox_id, file)
    }
    for (const [sandboxId, sandbox] of known) known.set(sandboxId, { ...sandbox, isListed: false })
    for (const assignment of list.sandboxes) {
      if (known.has(assignment.sandbox_id)) keep(assignment, list.registry_id)
    }
    onPlanned()
    // New sandboxes do not wait for what goes: a folder that somebody filled takes long to empty.
    void Promise.all([...lost, ...ended]).then(onPlanned)
    await forEachLimited(changes.found, LOOKS_AT_ONCE, (sandbox) => takeOver(sandbox, list.registry_id))
    onPlanned()
  }
  const applyAll = async () => {
    isApplying = true
    try {
      for (let list = nextList; list !== undefined && !isStopped; list = nextList) {
        nextList = undefined
        await apply(list)
      }
    } finally {
      isApplying = false
    }
  }
  return {
    follow(list) {
      nextList = list
      if (!isApplying) void applyAll()
    },
    giveUp({ sandboxId, file, held }) {
      const sandbox = known.get(sandboxId)
      if (sandbox === undefined || sandbox.isListed || (held?.expiresMs ?? 0) > now()) return
      plan.remove(sandboxId, file.name)
      sandbox.files.delete(file.name)
      if (sandbox.files.size === 0) known.delete(sandboxId)
    },
    stop() {
      isStopped = true
    },
    size: () => known.size,
  }
}

/** Whether a file was left by an earlier run and is not to be there: one that the sandbox lost, or of another one of its ID. */
function isLeftover(
  { name, text }: FoundFile,
  { sandbox_id: sandboxId, app }: Assignment,
  files: readonly TokenFile[],
): boolean {
  const facts = readTokenFacts(text)
  if (facts?.sandbox_id !== sandboxId) return false
  return (facts.app ?? '') !== app || !files.some((file) => file.name === name)
}
