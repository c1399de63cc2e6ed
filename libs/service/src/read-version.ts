import { readFileSync } from 'node:fs'

/** The version in a `package.json`. */
export function readVersion(manifest: URL): string {
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'))
  const found: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'version') : ''
  return String(found)
}
