import type { CommandOutcome } from './commands.ts'

/** The value of a field in a reply to INFO; `undefined` when the reply is an error or has no such field. */
export function infoField(outcome: CommandOutcome | undefined, name: string): string | undefined {
  if (outcome === undefined || 'error' in outcome || typeof outcome.reply !== 'string') return undefined
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(outcome.reply)?.[1]
}

/** The value in a reply to CONFIG GET of one setting; `undefined` when the server does not tell. */
export function configValue(outcome: CommandOutcome | undefined): string | undefined {
  if (outcome === undefined || 'error' in outcome || !Array.isArray(outcome.reply)) return undefined
  const value: unknown = outcome.reply[1]
  return typeof value === 'string' ? value : undefined
}
