import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { printDemo } from './print-demo.ts'
import { registerDemoSandbox } from './register-demo-sandbox.ts'
import { requestJson } from './request-json.ts'
import { settingOf, startIssuer, withIssuerUrl } from './start-issuer.ts'
import { verifyInSecondProcess } from './verify-in-second-process.ts'

// Starts the issuer on its embedded defaults and shows the main job once, for real: a sandbox is registered, asks for a
// token with its secret, and another process verifies the token by discovery and JWKS. Serves until Ctrl-C, or with
// --once ends after the verification. All other flags go to the issuer.

const { tokens } = parseArgs({ args: process.argv.slice(2), strict: false, tokens: true })
const isOnce = tokens.some((token) => token.kind === 'option' && token.name === 'once')
const flags = await withIssuerUrl(process.argv.slice(2).filter((argument) => argument !== '--once'))

const issuer = await startIssuer(flags)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => issuer.stop())

try {
  const adminToken = readAdminToken(settingOf(flags, 'admin-token-file') ?? './data/admin-token')
  const sandbox = await registerDemoSandbox(issuer.ready.control, adminToken)
  const answer = await requestJson(`${issuer.ready.token}/v1/token`, { bearer: sandbox.secret })
  const token = String(answer['value'])
  const claims = await verifyInSecondProcess(String(sandbox.env['WORKLOAD_IDENTITY_ISSUER_URL']), token)
  printDemo({ claims, sandbox, ready: issuer.ready })
} catch (error) {
  process.exitCode = 1
  console.error(`the demonstration failed: ${error instanceof Error ? error.message : String(error)}`)
}

if (isOnce || process.exitCode === 1) issuer.stop()
else console.log('Serving until Ctrl-C.')
const exitCode = await issuer.exited
process.exitCode = process.exitCode === 1 ? 1 : exitCode

/** The first admin token of the file: alone, or the last word of a `<name> <role> <token>` line with role admin. */
function readAdminToken(path: string): string {
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const words = line.trim().split(/\s+/)
    const [first = ''] = words
    if (first === '' || first.startsWith('#')) continue
    if (words.length === 1) return first
    if (words[1] === 'admin' && words[2] !== undefined) return words[2]
  }
  throw new Error(`there is no admin token in ${path}`)
}
