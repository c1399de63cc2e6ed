import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * The claims of a token as another process finds them, which knows nothing but the issuer's URL. The token goes over
 * standard input, so that no process list shows it.
 *
 * @throws {Error} when that process refuses the token; it says why on standard error.
 */
export async function verifyInSecondProcess(
  issuerUrl: string,
  token: string,
): Promise<Readonly<Record<string, unknown>>> {
  const script = fileURLToPath(new URL('verify-token.ts', import.meta.url))
  const child = spawn(process.execPath, [script, issuerUrl], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(token)
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error('the second process did not accept the token')
  return JSON.parse(Buffer.concat(chunks).toString()) as Readonly<Record<string, unknown>>
}
