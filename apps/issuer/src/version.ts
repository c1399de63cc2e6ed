import { readFileSync } from 'node:fs'

/** The version of this package. */
export const version = readVersion(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

function readVersion(text: string): string {
  const manifest: unknown = JSON.parse(text)
  const found: unknown =
    typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'version') : ''
  return String(found)
}
