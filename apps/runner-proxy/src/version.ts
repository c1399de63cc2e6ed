import { readVersion } from '@workload-identity/service'

/** The version of this package. */
export const version = readVersion(new URL('../package.json', import.meta.url))
