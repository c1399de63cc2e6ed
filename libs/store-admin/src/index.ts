export { openStores } from './open-stores.ts'
export type { OpenStoresOptions, RedisAccess, StoreAddress } from './store-location.ts'
export type { Stores } from './stores.ts'
