import { SettingValueError } from './settings-error.ts'
import { textSchema, type TextSchema } from './text-schema.ts'

/** Where keys and registrations are kept. A Redis URL may hold a password: log {@link describeStore} of it instead. */
export type StoreLocation =
  | { readonly engine: 'file'; readonly directory: string }
  | { readonly engine: 'sqlite'; readonly path: string }
  | { readonly engine: 'redis'; readonly url: string; readonly tls: boolean }

/** The engines of a store. */
export type StoreEngine = StoreLocation['engine']

const syntax: Readonly<Record<StoreEngine, string>> = {
  file: 'file:<dir>',
  sqlite: 'sqlite:<path>',
  redis: 'redis://<host> or rediss://<host>',
}

/**
 * The text as the location of a store: `file:<dir>`, `sqlite:<path>`, `redis://…` or `rediss://…` (TLS).
 *
 * @throws {SettingValueError} for anything else. No part of the text is repeated, as it may hold a password.
 */
export function parseStoreUrl(text: string): StoreLocation {
  const scheme = /^[a-z]+(?=:)/.exec(text)?.[0]
  const rest = text.slice((scheme ?? '').length + 1)
  switch (scheme) {
    case 'file':
      return { engine: 'file', directory: parsePath(rest, syntax.file) }
    case 'sqlite':
      return { engine: 'sqlite', path: parseDatabasePath(rest) }
    case 'redis':
    case 'rediss':
      return { engine: 'redis', url: parseRedisUrl(text), tls: scheme === 'rediss' }
    default:
      throw new SettingValueError(`must be ${Object.values(syntax).join(', ')}`)
  }
}

/** The location for logs and messages: of a Redis URL only scheme, host, port and database number. */
export function describeStore(location: StoreLocation): string {
  switch (location.engine) {
    case 'file':
      return `file:${location.directory}`
    case 'sqlite':
      return `sqlite:${location.path}`
    case 'redis': {
      const { protocol, host, pathname } = new URL(location.url)
      return `${protocol}//${host}${/^\/\d+$/.test(pathname) ? pathname : ''}`
    }
  }
}

/** A schema for the stores a program supports; another engine is refused by its name. See {@link parseStoreUrl}. */
export function storeUrl<const E extends StoreEngine>(options: {
  readonly engines: readonly E[]
}): TextSchema<Extract<StoreLocation, { readonly engine: E }>> {
  const supported: ReadonlySet<string> = new Set(options.engines)
  const isSupported = (location: StoreLocation): location is Extract<StoreLocation, { readonly engine: E }> =>
    supported.has(location.engine)
  const allowed = options.engines.map((engine) => syntax[engine]).join(', ')
  return textSchema((text) => {
    const location = parseStoreUrl(text)
    if (isSupported(location)) return location
    throw new SettingValueError(
      `the store engine ${location.engine} is not supported here: must be ${allowed}`,
    )
  })
}

function parsePath(path: string, form: string): string {
  if (path === '' || path.includes('\0')) throw new SettingValueError(`must name a path: ${form}`)
  if (path.trim() !== path)
    throw new SettingValueError(`must not begin or end its path with a space: ${form}`)
  if (path.startsWith('//'))
    throw new SettingValueError(`must be written ${form}, without // before the path`)
  return path
}

function parseDatabasePath(rest: string): string {
  const path = parsePath(rest, syntax.sqlite)
  // SQLite would take these as a database in memory or a URI with options, and the keys would be gone at the next start.
  if (path === ':memory:' || path.startsWith('file:') || path.endsWith('/')) {
    throw new SettingValueError(`must name a database file on disk: ${syntax.sqlite}`)
  }
  return path
}

function parseRedisUrl(text: string): string {
  const url = /^rediss?:\/\/[\x21-\x7e]+$/.test(text) ? URL.parse(text) : null
  if (url === null || url.hostname === '') throw new SettingValueError(`must name a host: ${syntax.redis}`)
  if (url.hash !== '') {
    throw new SettingValueError('must have no fragment; write a # in a password as %23')
  }
  return text
}
