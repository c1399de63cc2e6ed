export { createFileRegistryIdentity } from './file-registry-identity.ts'
export { createFileRunnerRegistry } from './file-runner-registry.ts'
export { createFileSandboxRegistry } from './file-sandbox-registry.ts'
export type { FileRegistryOptions } from './registry-options.ts'
