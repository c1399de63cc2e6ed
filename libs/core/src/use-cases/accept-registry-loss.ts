import { IssuerError } from '../errors.ts'
import type { RegistryIdentity } from '../ports/registry.ts'
import { changeKeyRing, type ChangeKeyRingDependencies } from './change-key-ring.ts'

/**
 * What becomes of a request to accept the loss of the registry: nothing, because it is not lost (`not-lost`) or because
 * the registry that was named is not the one the ring records (`other-named`); or the ring records the registry that is
 * there (`adopt`), or one that gets its ID now (`claim`).
 */
export type LossDecision =
  | { readonly type: 'not-lost' | 'other-named' | 'claim' }
  | { readonly type: 'adopt'; readonly registryId: string }

/** The registries that {@link decideLossAcceptance} compares. */
export interface RegistryLoss {
  /** The ID that the key ring records. */
  readonly recorded: string
  /** The ID of the registry in the store; `undefined` when it has none, or not in all its parts. */
  readonly found: string | undefined
  /** The ID that whoever accepts the loss believes to be recorded; absent = whichever it is. */
  readonly expected?: string
}

/** Decides whether the loss of a registry can be accepted, and which one takes its place. Pure. */
export function decideLossAcceptance({ recorded, found, expected }: RegistryLoss): LossDecision {
  if (expected !== undefined && expected !== recorded) return { type: 'other-named' }
  if (found === recorded) return { type: 'not-lost' }
  return found === undefined ? { type: 'claim' } : { type: 'adopt', registryId: found }
}

/** What was accepted. Also the body of the answer. */
export interface AcceptedRegistryLoss {
  /** The registry that counts from now on. */
  readonly registry_id: string
  /** The one that was given up. The same ID when only parts of the registry were missing: those are empty now. */
  readonly lost_registry_id: string
  /** Whether the registry holds no records. Those that it holds are believed from now on, whoever wrote them. */
  readonly is_empty: boolean
}

/** What accepting a loss needs. */
export interface AcceptRegistryLossDependencies extends ChangeKeyRingDependencies {
  readonly registry: RegistryIdentity
  /** Told of every accepted loss. */
  readonly onAccepted?: (accepted: AcceptedRegistryLoss) => void
}

/**
 * Accepts that the registry which the key ring records is lost: the one that is there, with whatever it holds, takes its
 * place, and look-ups in it are answered again. The ring says so in the store before it counts here; other replicas
 * follow as they read the ring. Of several calls for one loss, one succeeds.
 *
 * @param expectedRegistryId the ID that the ring records as far as the caller knows: a retry or a late call never
 * accepts another loss than the one that was looked at. Absent = whichever loss there is.
 * @throws {IssuerError} `ERR_REGISTRY_NOT_LOST` when the registry is there, or another than the expected one is lost;
 * those of `RegistryIdentity` and of {@link changeKeyRing}, when it cannot be told or is not known whether it was done.
 */
export type AcceptRegistryLoss = (expectedRegistryId?: string) => Promise<AcceptedRegistryLoss>

/** Makes {@link AcceptRegistryLoss}. */
export function createAcceptRegistryLoss(dependencies: AcceptRegistryLossDependencies): AcceptRegistryLoss {
  const { registry, onAccepted } = dependencies

  const chooseRegistry = async (loss: RegistryLoss): Promise<string> => {
    const decision = decideLossAcceptance(loss)
    switch (decision.type) {
      case 'not-lost':
      case 'other-named':
        throw notLost(decision.type, loss)
      case 'adopt':
        return decision.registryId
      // Before the ring is saved: a crash in between leaves a registry that is as lost as it was.
      case 'claim':
        return registry.claim(crypto.randomUUID())
    }
  }

  return async (expectedRegistryId) => {
    const { answer: accepted } = await changeKeyRing(dependencies, async (ring) => {
      const { registry_id: recorded } = ring
      const found = await registry.read()
      const expected = expectedRegistryId === undefined ? {} : { expected: expectedRegistryId }
      const registryId = await chooseRegistry({ recorded, found, ...expected })
      const isEmpty = await registry.isEmpty()
      const answer = { registry_id: registryId, lost_registry_id: recorded, is_empty: isEmpty }
      return registryId === recorded ? { answer } : { changed: { ...ring, registry_id: registryId }, answer }
    })
    onAccepted?.(accepted)
    return accepted
  }
}

function notLost(reason: 'not-lost' | 'other-named', { recorded }: RegistryLoss): IssuerError {
  const sentence =
    reason === 'not-lost'
      ? 'the registry is not lost: it is the one that the key ring records'
      : `the key ring records the registry ${recorded}, not the one that was named; see what is lost now`
  return new IssuerError('ERR_REGISTRY_NOT_LOST', sentence, { details: { registry_id: recorded } })
}
