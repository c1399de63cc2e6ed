export { openStores } from './open-stores.ts'
export type { OpenStoresOptions, RedisAccess, StoreAddress } from './store-location.ts'
export type { Stores } from './stores.ts'
export { loadRing, registriesOf, type Registries, type StoreSide } from './store-side.ts'
export { copyStore, type CopyProgress, type CopyStoreRequest, type StoreCopy } from './copy-store.ts'
export type { RecordComparison } from './compare-records.ts'
export {
  checkStore,
  type CheckName,
  type CheckStoreRequest,
  type StoreCheck,
  type StoreFacts,
  type StoreReport,
} from './check-store.ts'
export { buildPublicExport, type ExportedHistoryEntry, type PublicExport } from './export-public.ts'
export { computeRingFingerprint } from './ring-fingerprint.ts'
