import { createForwardTime } from '../forward-time.ts'
import { startNodeTimer } from '../start-timer.ts'
import { lifeOfNewToken } from '../token-life.ts'
import { folderNameOf } from './folder-name.ts'
import { createFileRemovals, type Removal } from './file-removals.ts'
import { createKeptSandboxes } from './kept-sandboxes.ts'
import type { TokenFileKeeper, TokenFileKeeperOptions } from './keeper-options.ts'
import { createRefreshHook } from './refresh-hook.ts'
import { createRefreshLoop } from './refresh-loop.ts'
import { createRefreshPlan, type PlannedFile } from './refresh-plan.ts'
import { createTokenFolder } from './token-folder.ts'
import { createTurns } from './turns.ts'

/**
 * Makes a keeper that writes a token into each file of the sandboxes of a runner, and a new one when half of its life is over.
 * What cannot be refreshed keeps its last token, and tries go on; a sandbox that is merely missing from a list is kept, and its
 * files refreshed for as long as the issuer gives tokens for it. One timer serves all files.
 */
export function createTokenFileKeeper(options: TokenFileKeeperOptions): TokenFileKeeper {
  const { proxy, clock, startTimer = startNodeTimer, random = Math.random } = options
  const { monotonicMs = () => performance.now(), onEvent = () => undefined } = options
  const { batchSize, batchesPerSecond, readIssuerUrl = async () => undefined } = options
  const folder = options.folder ?? openFolder(options)
  const hook =
    options.onRefresh &&
    createRefreshHook(options.onRefresh, (failure) => onEvent({ type: 'hook-failed', ...failure }))
  const now = createForwardTime({ clock, monotonicMs })
  const plan = createRefreshPlan(random)
  // What happens to the files of one sandbox happens one after the other.
  const turns = createTurns()
  let stopListening = () => {}
  let isStopped = false
  let refreshed = 0
  let failures = 0

  const remove = ({ sandboxId, name }: Removal, isWanted: () => boolean) =>
    turns.take(sandboxId, async () => {
      const directory = folderNameOf(sandboxId)
      if (isStopped || !isWanted()) return false
      return name === undefined ? folder.remove(directory) : folder.removeFile(directory, name)
    })
  const removals = createFileRemovals(remove, onEvent)

  const write = async (planned: PlannedFile, token: string) => {
    const { sandboxId, file } = planned
    const directory = folderNameOf(sandboxId)
    // The issuer may have said since that it is to hold another token, or none.
    if (isStopped || !plan.isCurrent(planned)) return false
    await folder.write(directory, file.name, token)
    removals.callOff(sandboxId, file.name)
    refreshed += 1
    const path = folder.pathOf(directory, file.name)
    onEvent({ type: 'refreshed', sandbox_id: sandboxId, name: file.name, path })
    hook?.notify(path, sandboxId)
    return true
  }
  const refresh = async (planned: PlannedFile) => {
    const { sandboxId, file } = planned
    const { name, audience, ttl } = file
    const askedMs = now()
    try {
      const token = await proxy.mint(sandboxId, {
        ...(audience !== undefined && { audience }),
        ...(ttl !== undefined && { ttl }),
      })
      const isWritten = await turns.take(sandboxId, () => write(planned, token.value))
      if (isWritten) plan.succeeded(planned, lifeOfNewToken(token, askedMs, clock()), now())
    } catch (error) {
      if (isStopped || !plan.isCurrent(planned)) return
      failures += 1
      const delay = plan.failed(planned, now())
      const retry = { failures: planned.failures, retry_in_ms: Math.round(delay) }
      onEvent({ type: 'refresh-failed', sandbox_id: sandboxId, name, error, ...retry })
      sandboxes.giveUp(planned)
    }
  }
  const loop = createRefreshLoop({
    ...{ plan, refresh, removals, now, startTimer },
    ...(batchSize !== undefined && { batchSize }),
    ...(batchesPerSecond !== undefined && { batchesPerSecond }),
  })
  const sandboxes = createKeptSandboxes({
    ...{ plan, removals, folder, turns, clock, now, readIssuerUrl, onEvent },
    isWrittenInPlace: options.writeInPlace === true,
    onPlanned: loop.arm,
  })
  return {
    async start() {
      await folder.open()
      stopListening = proxy.onAssignments(sandboxes.follow)
    },
    async stop() {
      isStopped = true
      stopListening()
      sandboxes.stop()
      loop.stop()
      await Promise.all([turns.idle(), hook?.stop()])
    },
    state: () => ({
      ...plan.counts(now()),
      ...{ sandboxes: sandboxes.size(), refreshed, failures, removals: removals.size() },
    }),
  }
}

function openFolder({ directory: path, owner, writeInPlace }: TokenFileKeeperOptions) {
  return createTokenFolder({
    path,
    ...(owner && { owner }),
    ...(writeInPlace !== undefined && { writeInPlace }),
  })
}
