import {
  fingerprintKeys,
  isIssuerError,
  publishedKeys,
  type Clock,
  type FollowedKeyRing,
  type KeyState,
  type RingRepair,
  type SandboxSource,
} from '@workload-identity/core'
import { createServiceMetrics, type ServiceMetrics } from '@workload-identity/service'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { AuditLog } from './audit-log.ts'
import { addSealingMetrics, type SealingMetricsOptions } from './sealing-metrics.ts'
import { addRotationMetrics, type RotationMetrics, type RotationMetricsOptions } from './rotation-metrics.ts'
import { version } from './version.ts'

/** What an issuer counts about itself, for Prometheus. */
export interface Metrics extends RotationMetrics, Pick<ServiceMetrics, 'recordAnswer' | 'render'> {
  /** Counts a failure of the store; other errors do not count. */
  recordStoreError(error: unknown): void
  /** Counts a store that had lost something of the key ring and got it back. */
  recordRingRepair(repair: Pick<RingRepair, 'outcome' | 'found'>): void
  /** Counts a loss of the registry that an admin accepted. */
  recordAcceptedLoss(): void
  /** Counts a sandbox that was found by its secret, by where the answer came from. */
  recordSandboxFound(from: SandboxSource): void
  /** Counts a token that a runner asked for in a batch. */
  recordBatchedMint(outcome: string): void
}

/** What {@link createMetrics} measures besides what it is told. */
export interface MetricsDependencies extends RotationMetricsOptions {
  readonly keyRing: Pick<FollowedKeyRing, 'ring' | 'readAt' | 'isFresh'>
  readonly auditLog: Pick<AuditLog, 'failures'>
  readonly sealing: SealingMetricsOptions
  /** How many files with private keys are in the folder they were adopted from; `undefined` when that cannot be told. */
  readonly countAdoptedFiles?: () => number | undefined
}

const mintRoutes = ['GET /v1/token', 'POST /v1/tokens', 'POST /v1/runner/system-tokens']
const keyStates: readonly KeyState[] = ['active', 'next', 'retired']

/** Makes {@link Metrics} with a register of their own; labels hold only what the issuer chose itself. */
export function createMetrics(dependencies: MetricsDependencies): Metrics {
  const { keyRing, auditLog, clock, countAdoptedFiles } = dependencies
  const service = createServiceMetrics({ version, mintRoutes })
  const { register } = service
  const registers = [register]
  addKeyRingMetrics(register, keyRing, clock)
  const rotation = addRotationMetrics(register, dependencies)
  addSealingMetrics(register, dependencies.sealing)
  new Gauge({
    name: 'wid_audit_write_failures',
    help: 'Audit events that could not be written since the start.',
    registers,
    collect() {
      this.set(auditLog.failures())
    },
  })
  if (countAdoptedFiles !== undefined) addAdoptionMetric(register, countAdoptedFiles)
  const storeErrors = new Counter({
    name: 'wid_store_errors_total',
    help: 'Failures of key store and registry by code.',
    labelNames: ['code'],
    registers,
  })
  const found = new Counter({
    name: 'wid_sandboxes_found_total',
    help: 'Sandboxes found by their secret, or for their runner, in a shared store, its cache, or the cache during an outage.',
    labelNames: ['from'],
    registers,
  })
  const batchedMints = new Counter({
    name: 'wid_batched_mints_total',
    help: 'Tokens that runners asked for in batches by outcome: issued, or the code of the refusal or failure.',
    labelNames: ['outcome'],
    registers,
  })
  const ringRepairs = new Counter({
    name: 'wid_key_ring_repairs_total',
    help: 'Times the key ring was saved again because its store was emptied, went back in time or held another one.',
    labelNames: ['outcome', 'found'],
    registers,
  })
  const acceptedLosses = new Counter({
    name: 'wid_registry_losses_accepted_total',
    help: 'Times an admin accepted here that the registry was lost.',
    registers,
  })
  return {
    recordAnswer: (answer) => service.recordAnswer(answer),
    recordStoreError(error) {
      if (!isIssuerError(error)) return
      if (/^ERR_(STORE|REGISTRY|SEAL)_/.test(error.code)) storeErrors.inc({ code: error.code })
    },
    recordSandboxFound: (from) => found.inc({ from }),
    recordBatchedMint: (outcome) => batchedMints.inc({ outcome }),
    recordRingRepair({ outcome, found }) {
      ringRepairs.inc({ outcome, found })
    },
    ...rotation,
    recordAcceptedLoss: () => acceptedLosses.inc(),
    render: () => service.render(),
  }
}

function addAdoptionMetric(register: Registry, countFiles: () => number | undefined): void {
  new Gauge({
    name: 'wid_adopted_key_files',
    help: 'Files with private keys in the folder they were adopted from; NaN when it cannot be looked at.',
    registers: [register],
    collect() {
      this.set(countFiles() ?? NaN)
    },
  })
}

function addKeyRingMetrics(register: Registry, keyRing: MetricsDependencies['keyRing'], clock: Clock): void {
  const registers = [register]
  new Gauge({
    name: 'wid_keys',
    help: 'Keys of the ring by state.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const state of keyStates) {
        this.set({ state }, keyRing.ring().keys.filter((key) => key.state === state).length)
      }
    },
  })
  new Gauge({
    name: 'wid_published_keys_info',
    help: 'Always 1; its label is the fingerprint of the published keys, the same on every replica that publishes the same.',
    labelNames: ['fingerprint'],
    registers,
    async collect() {
      const fingerprint = await fingerprintKeys(publishedKeys(keyRing.ring(), clock()))
      this.reset()
      this.set({ fingerprint }, 1)
    },
  })
  new Gauge({
    name: 'wid_key_age_seconds',
    help: 'Time since each key of the ring was made.',
    labelNames: ['kid', 'alg', 'state'],
    registers,
    collect() {
      this.reset()
      const now = clock()
      for (const { kid, alg, state, created_at: createdAt } of keyRing.ring().keys) {
        this.set({ kid, alg, state }, now - createdAt)
      }
    },
  })
  new Gauge({
    name: 'wid_key_ring_generation',
    help: 'Saves of the key ring that is in use.',
    registers,
    collect() {
      this.set(keyRing.ring().generation)
    },
  })
  new Gauge({
    name: 'wid_key_ring_read_age_seconds',
    help: 'Time since the key ring was last read from its store.',
    registers,
    collect() {
      this.set(clock() - keyRing.readAt())
    },
  })
  new Gauge({
    name: 'wid_key_ring_fresh',
    help: '1 while the key ring was read lately enough to sign with, else 0.',
    registers,
    collect() {
      this.set(keyRing.isFresh() ? 1 : 0)
    },
  })
}
