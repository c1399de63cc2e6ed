export {
  VARIABLE_PREFIX,
  booleanSetting,
  defineSettings,
  setting,
  type ConfigOf,
  type DefaultedOptions,
  type OptionalOptions,
  type RepeatableOptions,
  type RequiredOptions,
  type Setting,
  type SettingsTable,
} from './define-settings.ts'
export {
  readSettings,
  type ReadSettingsOptions,
  type SettingSource,
  type SettingsResult,
} from './read-settings.ts'
export type { Environment } from './read-environment.ts'
export { checkBetween, type SettingsCheck } from './settings-check.ts'
export {
  SettingsError,
  SettingValueError,
  type ProblemSource,
  type SettingsProblem,
} from './settings-error.ts'
export { formatHelp, type ProgramDescription } from './format-help.ts'
export { formatReference } from './format-reference.ts'
export { textSchema, type TextSchema } from './text-schema.ts'
export { MAX_DURATION, duration, formatDuration, parseDuration, type DurationLimits } from './duration.ts'
export {
  MAX_SOCKET_PATH_BYTES,
  formatListenAddress,
  isLoopback,
  listenAddress,
  parseListenAddress,
  type ListenAddress,
} from './listen-address.ts'
export { cidr, parseCidr, type Cidr } from './cidr.ts'
export { describeStore, parseStoreUrl, storeUrl, type StoreEngine, type StoreLocation } from './store-url.ts'
export { wholeNumber, type WholeNumberLimits } from './whole-number.ts'
export { oneOf } from './one-of.ts'
export { httpUrl } from './http-url.ts'
export { filePath } from './file-path.ts'
