export { createPublicServer, type PublicServerOptions } from './create-public-server.ts'
export { createTokenServer, type TokenServerOptions } from './create-token-server.ts'
export { createControlServer } from './create-control-server.ts'
export type {
  Admin,
  AdminAction,
  AdminActionName,
  ClusterFacts,
  ControlServerOptions,
  HealthChecks,
  HealthReport,
} from './control-options.ts'
export type { HttpAnswerFacts, HttpErrorCode, HttpOptions, ListenerName, TlsPair } from './http-options.ts'
export { listenOn, type ListenOptions, type ListenTarget } from './listen-on.ts'
export { readTlsFiles, watchTlsFiles, type TlsFilePaths, type WatchTlsFilesOptions } from './tls-files.ts'
