import { httpUrl, isLoopback, parseListenAddress, SettingValueError } from '@workload-identity/settings'

/** Where the control listener of the issuer is. */
export interface ControlUrl {
  /** `http(s)://<host>[:<port>]` or `unix:<path>`, as it was given. */
  readonly text: string
  readonly isTls: boolean
  /** Whether what is sent there leaves the machine in plain text. */
  readonly isExposed: boolean
}

/**
 * Reads the address of an issuer's control listener: `http(s)://<host>[:<port>]` or `unix:<path>`.
 *
 * @throws {SettingValueError} for anything else, also for a URL with a path.
 */
export function parseControlUrl(text: string): ControlUrl {
  if (text.startsWith('unix:')) {
    parseListenAddress(text)
    return { text, isTls: false, isExposed: false }
  }
  if (!httpUrl().safeParse(text).success) {
    throw new SettingValueError('must be http(s)://<host>[:<port>] or unix:<path>')
  }
  const { protocol, hostname } = new URL(text)
  if (!/^https?:\/\/[^/]+$/i.test(text)) {
    throw new SettingValueError('must be without a path, also without a slash after the host')
  }
  const isTls = protocol === 'https:'
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return { text, isTls, isExposed: !isTls && !isLoopback({ kind: 'tcp', host, port: 0 }) }
}
