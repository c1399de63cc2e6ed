import { sealingKey, type Sealing } from '@workload-identity/core'
import { Gauge, type Registry } from 'prom-client'

/** What is measured of sealing. */
export interface SealingMetricsOptions extends Sealing {
  /** How many records are left to be sealed anew; `undefined` when that is not known. */
  readonly recordsLeft: () => number | undefined
}

/** Adds the metrics of sealing to a register. */
export function addSealingMetrics(register: Registry, sealing: SealingMetricsOptions): void {
  const registers = [register]
  new Gauge({
    name: 'wid_sealed',
    help: 'Whether what goes into the store is sealed; `kid` is the ID of the key-encryption key.',
    labelNames: ['kid'],
    registers,
  }).set({ kid: sealingKey(sealing)?.id ?? '' }, sealingKey(sealing) === undefined ? 0 : 1)
  new Gauge({
    name: 'wid_records_to_seal',
    help: 'Records left by the last pass that sealed what is sealed otherwise than configured; NaN before it, and when there is no such pass.',
    registers,
    collect() {
      this.set(sealing.recordsLeft() ?? NaN)
    },
  })
}
