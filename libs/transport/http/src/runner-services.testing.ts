import {
  createAuthenticateRunner,
  createEndRunner,
  createIssueSystemToken,
  createListAssignments,
  createRegisterRunner,
  createRenewRunnerSecret,
  createRunnerTokens,
  IssuerError,
  noteEndedAssignments,
  seconds,
  type Clock,
  type EndedAssignment,
  type EndedAssignments,
  type Issuer,
  type MintedToken,
  type RunnerRegistry,
  type SandboxRegistry,
} from '@workload-identity/core'

/** The system workload that tests ask for. */
export const SYSTEM_WORKLOAD = {
  workload: 'image-puller',
  audiences: ['https://registry.example.com', 'mirror'],
  runners: ['node-1'],
}

/** What runners need of the other services of a test. */
export interface RunnerServicesDependencies {
  readonly sandboxes: SandboxRegistry
  readonly runners: RunnerRegistry
  readonly registryId: () => string
  readonly issuer: Issuer
  readonly clock: Clock
}

/** The use cases of runners over the registries of a test, and what they tell of minted tokens. */
export function createRunnerServices({
  sandboxes: bare,
  runners,
  registryId,
  issuer,
  clock,
}: RunnerServicesDependencies) {
  const ended = createEndedAssignments()
  const sandboxes = noteEndedAssignments({ sandboxes: bare, ended, onChanged: (id) => lists.noteChange(id) })
  const lists = createListAssignments({
    ...{ sandboxes, ended, registryId, clock },
    ...{ trustedFor: seconds(2), maxRemembered: 1000 },
  })
  const administration = { runners, clock }
  const minted: MintedToken[] = []
  // Sandboxes that the store does not tell of, while it answers otherwise.
  const unreachable = new Set<string>()
  // What look-ups for runners wait for, and how many there were.
  const held = { until: Promise.resolve() as Promise<unknown>, count: 0 }
  const onIssued = (token: MintedToken) => void minted.push(token)
  const useCases = {
    runners,
    registerRunner: createRegisterRunner(administration),
    renewRunnerSecret: createRenewRunnerSecret(administration),
    endRunner: createEndRunner({ ...administration, sandboxes }),
    authenticateRunner: createAuthenticateRunner(administration),
    runnerTokens: createRunnerTokens({
      async findSandbox(id, now) {
        held.count += 1
        await held.until
        if (unreachable.has(id)) throw new IssuerError('ERR_STORE_UNAVAILABLE', 'the store does not answer')
        return sandboxes.findById(id, now)
      },
      ...{ issuer, clock, onIssued },
    }),
    listAssignments: lists.listAssignments,
    issueSystemToken: createIssueSystemToken({ issuer, rules: [SYSTEM_WORKLOAD], onIssued }),
  }
  return { sandboxes, useCases, minted, unreachable, held }
}

function createEndedAssignments(): EndedAssignments {
  const notes = new Map<string, EndedAssignment>()
  return {
    async put(ended) {
      for (const note of ended) notes.set(JSON.stringify([note.runner_id, note.sandbox_id]), note)
    },
    async list(runnerId, from, until) {
      return [...notes.values()].filter(
        ({ runner_id, ended_at }) => runner_id === runnerId && from <= ended_at && ended_at <= until,
      )
    },
    removeBefore: async () => 0,
  }
}
