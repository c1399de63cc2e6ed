import { VARIABLE_PREFIX, type Setting, type SettingsTable } from './define-settings.ts'
import { nearestName } from './nearest-name.ts'
import type { SettingsProblem } from './settings-error.ts'

/** The variables of a process, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The texts a variable gives for a setting, `undefined` when it is not set. The value of a repeatable setting is split
 * at commas, with spaces around them dropped; an empty part is kept and refused by whoever reads it.
 */
export function readVariable(setting: Setting<unknown>, env: Environment): readonly string[] | undefined {
  const text = env[setting.variable]
  if (text === undefined) return undefined
  return setting.isRepeatable ? text.split(',').map((part) => part.trim()) : [text]
}

/**
 * A problem for each variable that begins with `WID_` but belongs to no setting: most likely a typing error that would
 * otherwise go unnoticed. `otherVariables` are known to be somebody else's; the variables that Kubernetes sets for a
 * service named `wid` or `wid-…` are left alone, too.
 */
export function findUnknownVariables(
  table: SettingsTable,
  env: Environment,
  otherVariables: readonly string[],
): readonly SettingsProblem[] {
  const known = Object.values(table).map((setting) => setting.variable)
  const accepted = new Set([...known, ...otherVariables])
  return Object.entries(env)
    .filter(([name, text]) => name.startsWith(VARIABLE_PREFIX) && text !== undefined && !accepted.has(name))
    .filter(([name, text]) => !isServiceLink(name, text ?? ''))
    .map(([name]) => {
      const nearest = nearestName(name, known)
      const advice = nearest === undefined ? 'no setting has this name' : `did you mean ${nearest}?`
      return {
        settings: [],
        source: 'environment',
        message: `unknown variable ${JSON.stringify(name)}: ${advice}`,
      }
    })
}

/** @see {@link https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables Kubernetes: Service} */
function isServiceLink(name: string, text: string): boolean {
  if (/_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/.test(name)) return true
  if (/_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)) return true
  return name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(text)
}
