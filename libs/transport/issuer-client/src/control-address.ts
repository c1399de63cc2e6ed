import { IssuerError, isLoopbackHost } from '@workload-identity/core'

/** Where the control listener of an issuer is. */
export interface ControlAddress {
  /** `http(s)://host[:port]`; of a Unix socket a stand-in, which goes into `Host`. */
  readonly origin: string
  /** The path of a Unix socket. */
  readonly socketPath?: string
  readonly isTls: boolean
  /** Whether what is sent there leaves this machine in plain text. */
  readonly isExposed: boolean
}

const socketPrefix = 'unix:'

/**
 * Reads `http(s)://host[:port]` or `unix:<absolute path>`.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` for anything else: a path, userinfo or query would be ignored.
 */
export function parseControlAddress(text: string): ControlAddress {
  if (text.startsWith(socketPrefix)) {
    const socketPath = text.slice(socketPrefix.length)
    if (!socketPath.startsWith('/') || socketPath.includes('\0')) throw invalid()
    return { origin: 'http://localhost', socketPath, isTls: false, isExposed: false }
  }
  if (!URL.canParse(text)) throw invalid()
  const url = new URL(text)
  // The text is compared and not only the parts: an empty `?` or `#`, or an `@`, leaves no trace in them.
  const isOrigin = /^https?:\/\/[^/?#@\\\s]+\/?$/i.test(text)
  if (!isOrigin || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw invalid()
  const isTls = url.protocol === 'https:'
  return { origin: url.origin, isTls, isExposed: !isTls && !isLoopbackHost(url.hostname) }
}

function invalid(): IssuerError {
  return new IssuerError(
    'ERR_REQUEST_INVALID',
    'the control URL of the issuer must be http(s)://<host>[:<port>] without a path, or unix:<absolute path>',
  )
}
