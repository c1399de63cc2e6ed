import { appendFileSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

// A sandbox: asks for tokens for as long as it lives, with nothing but its environment, and writes into the file of its
// argument what it is: `<pid> <sub>`, or `<pid> <status>` of a refusal.

const [file = ''] = process.argv.slice(2)
const { WORKLOAD_IDENTITY_TOKEN_URL: url = '', WORKLOAD_IDENTITY_TOKEN_SECRET_FILE: secretFile } = process.env
const secret =
  secretFile === undefined
    ? process.env['WORKLOAD_IDENTITY_TOKEN_SECRET']
    : readFileSync(secretFile, 'utf8').trim()

for (;;) {
  appendFileSync(file, `${process.pid} ${await askWhoIAm()}\n`)
  await sleep(100)
}

async function askWhoIAm(): Promise<string> {
  try {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${secret}` } })
    if (!answer.ok) return String(answer.status)
    const { value } = (await answer.json()) as { readonly value: string }
    const claims = JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString()) as {
      sub: string
    }
    return claims.sub
  } catch {
    return 'unreachable'
  }
}
