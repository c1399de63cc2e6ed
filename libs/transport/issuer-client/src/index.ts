export { createIssuerClient } from './create-issuer-client.ts'
export type {
  AdminClient,
  ClientTls,
  IssuerClient,
  IssuerClientOptions,
  IssuerTry,
  PageRequest,
  RunnerClient,
} from './issuer-client.ts'
export { IssuerRefusal, type IssuerRefusalFacts } from './issuer-refusal.ts'
export {
  createRemoteTokenIssuer,
  type RemoteTokenIssuer,
  type RemoteTokenIssuerOptions,
} from './create-remote-token-issuer.ts'
