// The three servers
export { createPublicServer, type PublicServerOptions, type VerifierFacts } from './create-public-server.ts'
export { createTokenServer, type TokenServerOptions } from './create-token-server.ts'
export { createControlServer } from './create-control-server.ts'
export type {
  Admin,
  AdminAction,
  AdminActionName,
  ClusterFacts,
  ControlServerOptions,
  HealthChecks,
  KeySighting,
  HealthReport,
} from './control-options.ts'
export type { HttpAnswerFacts, HttpOptions, ListenerName, TlsPair } from './http-options.ts'

// What else an HTTP service of this family is made of
export { createHttpServer, type HttpApp, type HttpServerParts } from './create-http-server.ts'
export { addHealthRoutes } from './routes/health.ts'
export { addMetricsRoute } from './routes/metrics.ts'
export { answerOf, toErrorAnswer } from './error-mapping.ts'
export { HttpRefusal, type ErrorAnswer } from './http-refusal.ts'
export { HTTP_LIMITS, type HttpLimits } from './limits.ts'

// What describes them
export type { AnswerDocs, OperationDocs } from './openapi/operation.ts'

// Listening
export { assertCanListen, listenOn, type ListenOptions, type ListenTarget } from './listen-on.ts'
export { ListenError } from './listen-error.ts'
export { readTlsFiles, TlsFilesError, type TlsFilePaths } from './tls-files.ts'
export { watchTlsFiles, type WatchTlsFilesOptions } from './watch-tls-files.ts'
