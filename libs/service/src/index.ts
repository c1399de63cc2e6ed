// The process: its parts, its end, why it does not start
export { createLifecycle, type Lifecycle, type LifecyclePart } from './lifecycle.ts'
export { exitOnBug, shutDown, waitForSignal } from './run-process.ts'
export {
  ConfigurationError,
  describeStartFailure,
  EXIT_CONFIG,
  EXIT_FAILURE,
  StartRefusedError,
  type StartFailure,
} from './start-failure.ts'
export { announceReady } from './announce-ready.ts'
export { createServiceManager, type ServiceManagerOptions } from './service-manager.ts'
export { readVersion } from './read-version.ts'
export { createPeriodicTask, type PeriodicTask, type PeriodicTaskOptions } from './periodic-task.ts'

// What it serves
export {
  createListeners,
  type ListenerOptions,
  type Listeners,
  type ListenersDependencies,
} from './listeners.ts'

export {
  findPlaintextProblems,
  findSharedAddresses,
  findTlsProblems,
  toTlsPaths,
  type GuardedListener,
} from './listener-checks.ts'

// The log
export { createLogger, describeError, type LoggedError } from './logging.ts'

// What it counts
export { createServiceMetrics, type ServiceMetrics, type ServiceMetricsOptions } from './service-metrics.ts'

// What is configured
export {
  createSecretReader,
  parseSecretSource,
  type SecretReader,
  type SecretSource,
} from './secret-source.ts'
export {
  createFollowedReading,
  type FollowedReading,
  type FollowedReadingOptions,
} from './followed-reading.ts'
