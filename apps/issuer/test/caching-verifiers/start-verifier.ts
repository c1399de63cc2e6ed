import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The libraries that verifiers are made with. */
export const verifierNames = ['jose', 'jwks-rsa', 'aws-jwt-verify'] as const

/** How a verifier is started. */
export interface VerifierOptions {
  readonly name: (typeof verifierNames)[number]
  readonly issuerUrl: string
  readonly audience: string
  /** With the file of the clock, and the certificate authority to trust. */
  readonly env: Readonly<Record<string, string>>
}

/** A verifier with a cache of its own, in a process whose time is that of the test's clock. */
export interface Verifier {
  readonly name: string
  /** `ok`, or why it refuses the token. */
  verify(token: string): Promise<string>
}

/** Starts a verifier; it is ended after the test. */
export function startVerifier({ name, issuerUrl, audience, env }: VerifierOptions): Verifier {
  const preload = fileURLToPath(new URL('../clock/follow-clock.ts', import.meta.url))
  const program = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', preload, program, issuerUrl, audience],
    {
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const exited = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    name,
    async verify(token) {
      child.stdin.write(`${token}\n`)
      const answer = await answers.next()
      return answer.done === true ? 'the verifier ended' : answer.value
    },
  }
}
