import type { DemoSandbox } from './register-demo-sandbox.ts'
import type { ReadyLine } from './start-issuer.ts'

/** Prints what the demonstration showed, and what a reader can try next. */
export function printDemo({
  claims,
  sandbox,
  ready,
}: {
  readonly claims: Readonly<Record<string, unknown>>
  readonly sandbox: DemoSandbox
  readonly ready: ReadyLine
}): void {
  const environment = Object.entries(sandbox.env).map(([name, value]) => `export ${name}='${value}'`)
  console.log(`
A second process verified a token of ${sandbox.sandbox_id} by discovery and JWKS. Its claims:

${JSON.stringify(claims, undefined, 2)}

The environment of that sandbox:

${environment.join('\n')}

Ask for a token as the sandbox does:

${curlLine(ready.token, sandbox.secret)}
`)
}

function curlLine(token: string, secret: string): string {
  const path = '/v1/token?audience=sts.amazonaws.com'
  const target = token.startsWith('unix:')
    ? `--unix-socket '${token.slice('unix:'.length)}' 'http://localhost${path}'`
    : `'${token}${path}'`
  return `curl -sS -H 'Authorization: Bearer ${secret}' ${target}`
}
