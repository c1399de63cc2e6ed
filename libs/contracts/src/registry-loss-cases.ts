import type { IssuerErrorCode, SandboxRegistry } from '@workload-identity/core'
import { expect } from 'vitest'
import type { ContractCase } from './contract-case.ts'
import type { RegistryHandles, RegistryHarness } from './registry-harness.ts'
import { hash, NOW, openClaimed, REGISTRY_ID, runner, sandbox, secret } from './registry-fixtures.ts'

type Operation = readonly [name: string, call: (handles: RegistryHandles) => Promise<unknown>]

const operations: readonly Operation[] = [
  [
    'sandboxes.register',
    ({ sandboxes }) => sandboxes.register(sandbox('new', { secrets: [secret(9)] }), NOW),
  ],
  ['sandboxes.registerAll', ({ sandboxes }) => registerAll(sandboxes)],
  ['sandboxes.replace', ({ sandboxes }) => sandboxes.replace(sandbox('known', { revision: 2 }), NOW)],
  ['sandboxes.findById', ({ sandboxes }) => sandboxes.findById('known', NOW)],
  ['sandboxes.findBySecretHash', ({ sandboxes }) => sandboxes.findBySecretHash(hash(1), NOW)],
  ['sandboxes.list', ({ sandboxes }) => sandboxes.list({ limit: 10 }, NOW)],
  ['sandboxes.list of a runner', ({ sandboxes }) => sandboxes.list({ limit: 10, runnerId: 'known' }, NOW)],
  ['sandboxes.end', ({ sandboxes }) => sandboxes.end('known', NOW)],
  ['sandboxes.removeExpired', ({ sandboxes }) => sandboxes.removeExpired(NOW, 10)],
  ['runners.register', ({ runners }) => runners.register(runner('new', { secrets: [secret(8)] }), NOW)],
  ['runners.replace', ({ runners }) => runners.replace(runner('known', { revision: 2 }), NOW)],
  ['runners.findById', ({ runners }) => runners.findById('known', NOW)],
  ['runners.findBySecretHash', ({ runners }) => runners.findBySecretHash(hash(2), NOW)],
  ['runners.list', ({ runners }) => runners.list({ limit: 10 }, NOW)],
  ['runners.end', ({ runners }) => runners.end('known', NOW)],
]

/** A lost registry and an unreachable one are told apart from an empty one, by every operation. */
export const registryLossCases: readonly ContractCase<RegistryHarness>[] = operations.flatMap(
  ([name, call]): ContractCase<RegistryHarness>[] => [
    {
      name: `${name}: is rejected with ERR_REGISTRY_LOST when the registry never had an ID`,
      async run({ open }) {
        await expectCode('ERR_REGISTRY_LOST', call(await open(() => REGISTRY_ID)))
      },
    },
    {
      name: `${name}: is rejected with ERR_REGISTRY_LOST when the registry has another ID than the ring records`,
      async run(harness) {
        await populate(await openClaimed(harness))
        await expectCode('ERR_REGISTRY_LOST', call(await harness.open(() => 'registry-of-another-ring')))
      },
    },
    {
      name: `${name}: is rejected with ERR_REGISTRY_LOST after the storage was wiped`,
      async run(harness) {
        const handles = await openClaimed(harness)
        await populate(handles)
        await harness.wipe()
        await expectCode('ERR_REGISTRY_LOST', call(handles))
        await expectCode('ERR_REGISTRY_LOST', call(await harness.open(() => REGISTRY_ID)))
      },
    },
    {
      name: `${name}: is rejected with ERR_REGISTRY_LOST after the wiped storage got another ID`,
      async run(harness) {
        const handles = await openClaimed(harness)
        await populate(handles)
        await harness.wipe()
        await handles.identity.claim('registry-that-came-after')
        await expectCode('ERR_REGISTRY_LOST', call(handles))
      },
    },
    {
      name: `${name}: is rejected with ERR_STORE_UNAVAILABLE when the storage cannot be reached`,
      async run(harness) {
        const handles = await openClaimed(harness)
        await populate(handles)
        await harness.makeUnavailable()
        await expectCode('ERR_STORE_UNAVAILABLE', call(handles))
      },
    },
  ],
)

/** Fails with what a batch of one came to, whether the registry throws it or gives it as the outcome. */
async function registerAll(sandboxes: SandboxRegistry): Promise<void> {
  const [outcome] = await sandboxes.registerAll([sandbox('new', { secrets: [secret(9)] })], NOW)
  if (outcome !== undefined) throw outcome
}

async function populate({ sandboxes, runners }: RegistryHandles): Promise<void> {
  await runners.register(runner('known', { secrets: [secret(2)] }), NOW)
  await sandboxes.register(sandbox('known', { secrets: [secret(1)], runner_id: 'known' }), NOW)
}

async function expectCode(code: IssuerErrorCode, work: Promise<unknown>): Promise<void> {
  await expect(work).rejects.toThrowWithCode(code)
}
