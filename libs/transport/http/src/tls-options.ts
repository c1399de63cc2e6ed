import type { SecureContextOptions } from 'node:tls'

/** What every TLS context of the servers has besides its certificate; a reloaded one must repeat it. */
export const TLS_OPTIONS = { minVersion: 'TLSv1.2' } as const satisfies SecureContextOptions
