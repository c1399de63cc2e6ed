import { DEFAULT_CLUSTER, fromMilliseconds, isIssuerError, type KeyRing } from '@workload-identity/core'
import type { ServerFinding } from '@workload-identity/driver-redis'
import {
  copyStore,
  loadRing,
  openStores,
  type CopyProgress,
  type StoreCopy,
  type StoreSide,
} from '@workload-identity/store-admin'
import { explainCopyFailure, type CopySide } from './explain-copy-failure.ts'
import { mistake, StoreCommandError } from './command-error.ts'
import type { NamedStore } from './store-options.ts'

/** What to copy where. */
export interface CopyCommand {
  readonly from: NamedStore
  readonly to: NamedStore
  readonly allowVolatile: boolean
  /** Accepts that what is sealed in the source is plain in the target. */
  readonly allowUnsealed: boolean
  readonly prepareOnly: boolean
  readonly asJson: boolean
}

const PROGRESS_EVERY_MS = 1000

/**
 * Copies and prints the result; progress goes to stderr.
 *
 * @throws {StoreCommandError} with the reason when it cannot be done.
 */
export async function runCopy({ from, to, ...options }: CopyCommand): Promise<void> {
  const { allowVolatile, allowUnsealed, prepareOnly, asJson } = options
  if (from.name === to.name && from.open.redis?.prefix === to.open.redis?.prefix) {
    throw mistake(`source and target are the same store: ${from.name}`)
  }
  if (from.sealing !== undefined && to.sealing === undefined && !allowUnsealed) {
    throw mistake(
      'the source is sealed, and the target would hold its private keys in plain text: give --to-key-encryption-key-file (--to-unsealed accepts it as it is)',
    )
  }
  let side: CopySide = 'from'
  try {
    const source = await openSide(from)
    try {
      const clusterId = (await loadRing(source))?.cluster_id
      side = 'to'
      const target = await openTarget(to, clusterId, allowVolatile)
      try {
        const now = fromMilliseconds(Date.now())
        print(
          await copyStore({ from: source, to: target, now, prepareOnly, onProgress: createProgress() }),
          from,
          to,
          asJson,
        )
      } finally {
        await target.stores.close()
      }
    } finally {
      await source.stores.close()
    }
  } catch (error) {
    if (isIssuerError(error)) throw new StoreCommandError(explainCopyFailure(error, side), 1)
    throw error
  }
}

async function openSide({ open, sealing }: NamedStore): Promise<StoreSide> {
  const stores = await openStores({ ...open, readOnly: true })
  return { stores, ...(sealing !== undefined && { sealing }) }
}

/** The target belongs to the cluster of the source, whatever was said. */
async function openTarget(
  { open, sealing }: NamedStore,
  clusterId: KeyRing['cluster_id'] = DEFAULT_CLUSTER,
  allowVolatile: boolean,
): Promise<StoreSide> {
  const onFinding = ({ severity, server, reason, cure }: ServerFinding) => {
    if (severity === 'refuse' && !allowVolatile) {
      throw new StoreCommandError(
        `the Redis ${server} is no place for keys: ${reason}; ${cure} (--allow-volatile-store accepts it as it is)`,
        1,
      )
    }
    process.stderr.write(`redis ${server}: ${reason}; ${cure}\n`)
  }
  const stores = await openStores({ ...open, clusterId, onFinding })
  return { stores, ...(sealing !== undefined && { sealing }) }
}

function createProgress(): (progress: CopyProgress) => void {
  let printedAt = 0
  return ({ step, added }) => {
    if (Date.now() - printedAt < PROGRESS_EVERY_MS) return
    printedAt = Date.now()
    process.stderr.write(`${step}: ${added} added\n`)
  }
}

const outcomes: Readonly<Record<StoreCopy['outcome'], string>> = {
  copied: 'copied',
  'already-there': 'nothing to do: it is all there already',
  prepared: 'prepared; the key ring comes with the next copy',
}

function print(copy: StoreCopy, from: NamedStore, to: NamedStore, asJson: boolean): void {
  if (asJson) {
    console.log(JSON.stringify(copy, undefined, 1))
    return
  }
  console.log(`${from.name} → ${to.name}: ${outcomes[copy.outcome]}`)
  if (copy.outcome === 'prepared') return
  console.log(`issuer       ${copy.issuer} (cluster ${copy.cluster_id})`)
  console.log(`fingerprint  ${copy.fingerprint} on both sides`)
  for (const name of ['runners', 'sandboxes'] as const) {
    const { source, target } = copy[name]
    console.log(`${name.padEnd(12)} ${source} in the source, ${target} in the target, all the same`)
  }
}
