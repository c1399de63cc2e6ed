import { readFileSync } from 'node:fs'

/**
 * The first admin token of a file, of either role: alone on its line, or the last word of `<name> <role> <token>`.
 *
 * @throws when the file cannot be read or holds none.
 */
export function readAdminToken(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new Error(
      `the admin-token file ${path} cannot be read (${code}): name it with --admin-token-file`,
      {
        cause: error,
      },
    )
  }
  const lines = text.split('\n').map((line) => line.trim())
  const token = lines
    .find((line) => line !== '' && !line.startsWith('#'))
    ?.split(/\s+/)
    .at(-1)
  if (token === undefined) throw new Error(`there is no admin token in ${path}`)
  return token
}
