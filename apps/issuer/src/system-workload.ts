import { parseAudiences, parseIdentifier, type SystemWorkloadRule } from '@workload-identity/core'
import { SettingValueError } from '@workload-identity/settings'

/**
 * The value of `--system-workload`: `<name>=<audience>`, then any number of `;audience=<audience>` and
 * `;runner=<runner ID>`. Semicolons divide the parts, because commas divide values in the environment; an audience with
 * either of them cannot be configured. Without a runner every registered one may ask; an empty list of them is refused.
 *
 * @throws {SettingValueError} with what is wrong; {@link IssuerError} for names and audiences that are none.
 */
export function parseSystemWorkload(text: string): SystemWorkloadRule {
  const [first = '', ...rest] = text.split(';').map((part) => part.trim())
  const [name, audience] = splitPart(first)
  if (audience === undefined) {
    throw new SettingValueError('must be <name>=<audience>[;audience=<audience>…][;runner=<runner ID>…]')
  }
  const audiences = [toAudience(audience)]
  const runners: string[] = []
  for (const part of rest) {
    const [key, value] = splitPart(part)
    if (key === 'audience' && value !== undefined) audiences.push(toAudience(value))
    else if (key === 'runner' && value !== undefined) runners.push(parseIdentifier('runner_id', value))
    // A part that is misspelt must not be taken for a further audience, or leave out who may ask.
    else throw new SettingValueError('has a part that is neither audience=<audience> nor runner=<runner ID>')
  }
  if (new Set(audiences).size < audiences.length) throw new SettingValueError('names an audience twice')
  if (new Set(runners).size < runners.length) throw new SettingValueError('names a runner twice')
  return {
    workload: parseIdentifier('system_workload', name),
    audiences,
    ...(runners.length > 0 && { runners }),
  }
}

/** The text before the first equals sign and the one behind it; an audience may have further ones. */
function splitPart(part: string): readonly [string, string | undefined] {
  const at = part.indexOf('=')
  return at === -1 ? [part, undefined] : [part.slice(0, at), part.slice(at + 1)]
}

function toAudience(text: string): string {
  return parseAudiences(text)[0] ?? text
}
