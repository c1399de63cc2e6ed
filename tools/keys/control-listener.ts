import { AnswerError, requestJson } from '../start/request-json.ts'
import { readAdminToken } from './read-admin-token.ts'

/** How to reach the control listener of an issuer. */
export interface ControlAddress {
  /** Its URL, or `unix:<path>`. */
  readonly controlUrl: string
  readonly adminTokenFile: string
}

/** What the issuer answered. */
export type Answer = Readonly<Record<string, unknown>>

/** Asks a control listener: path, method (`GET` unless given) and body. */
export type AskControl = (path: string, method?: string, body?: Answer) => Promise<Answer>

/** Flags or the admin-token file are wrong; the message has a line for each mistake. */
export class ControlMistake extends Error {
  override readonly name = 'ControlMistake'
}

/** The issuer refused, cannot be reached, or is another listener; the message says which, and what to do. */
export class ControlFailure extends Error {
  override readonly name = 'ControlFailure'
}

/**
 * Makes {@link AskControl}, whose calls reject with {@link ControlFailure}. Asks nothing yet.
 *
 * @throws {ControlMistake} with everything that is wrong.
 */
export function createAskControl({ controlUrl, adminTokenFile }: ControlAddress): AskControl {
  const bearer = attempt(() => readAdminToken(adminTokenFile))
  const mistakes = [
    ...(isAddress(controlUrl) ? [] : ['--control-url must be an http or https URL, or unix:<path>']),
    ...('mistake' in bearer ? [bearer.mistake] : []),
  ]
  if (mistakes.length > 0 || 'mistake' in bearer) throw new ControlMistake(mistakes.join('\n'))
  const base = controlUrl.replace(/\/$/, '')
  return async (path, method = 'GET', body) => {
    try {
      return await requestJson(base + path, {
        ...{ method, bearer: bearer.value },
        ...(body !== undefined && { body }),
      })
    } catch (cause) {
      throw new ControlFailure(explain(cause, base), { cause })
    }
  }
}

function explain(error: unknown, base: string): string {
  const other = `it looks as if ${base} is not the control listener; --control-url names that`
  if (error instanceof AnswerError) {
    // A key that is not there is a 404, too, and the control listener says so.
    const isOther = error.status === 404 && !error.message.includes('no key')
    return isOther ? `${error.message}; ${other}` : error.message
  }
  if (error instanceof SyntaxError) return `the answer is not JSON: ${other}`
  const reason =
    error instanceof Error ? ('code' in error ? String(error.code) : error.message) : 'unknown error'
  return `no answer from ${base} (${reason}): is the issuer running? set --control-url to its control listener`
}

function isAddress(text: string): boolean {
  return /^unix:./.test(text) || (/^https?:\/\//.test(text) && URL.canParse(text))
}

function attempt<T>(read: () => T): { readonly value: T } | { readonly mistake: string } {
  try {
    return { value: read() }
  } catch (error) {
    return { mistake: error instanceof Error ? error.message : String(error) }
  }
}
