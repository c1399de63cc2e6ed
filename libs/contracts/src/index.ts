export { describeContract, type ContractCase, type DisposableHarness } from './contract-case.ts'
export { keyStoreCases, keyStoreContract, type KeyStoreHarness } from './key-store-contract.ts'
export {
  registryCases,
  registryContract,
  type RegistryHandles,
  type RegistryHarness,
} from './registry-contract.ts'
export { toThrowWithCode } from './to-throw-with-code.ts'
