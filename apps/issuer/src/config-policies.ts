import {
  DEFAULT_TTL,
  derivedStaleIfError,
  seconds,
  type RotationPolicy,
  type TtlPolicy,
} from '@workload-identity/core'
import type { ConfigOf } from '@workload-identity/settings'
import type { settingsTable } from './settings-table.ts'

type Settings = ConfigOf<typeof settingsTable>

/** The policy for the lifetime of tokens that the settings make. */
export function toTtlPolicy({ defaultTtl, maxTtl }: Pick<Settings, 'defaultTtl' | 'maxTtl'>): TtlPolicy {
  return { defaultTtl: defaultTtl ?? seconds(Math.min(DEFAULT_TTL, maxTtl)), maxTtl }
}

/** The rotation policy that the settings make. */
export function toRotationPolicy(
  settings: Pick<
    Settings,
    'activeFor' | 'publishAhead' | 'keepRetired' | 'jwksMaxAge' | 'staleIfError' | 'storeLag'
  >,
): RotationPolicy {
  const { activeFor, publishAhead, keepRetired, jwksMaxAge, storeLag } = settings
  const policy = { activeFor, publishAhead, keepRetired, jwksMaxAge, storeLag }
  return { ...policy, staleIfError: settings.staleIfError ?? derivedStaleIfError(policy) }
}
