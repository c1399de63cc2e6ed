import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { CHECKOUT } from './background-issuer.ts'
import { runForegroundIssuer } from './foreground-issuer.ts'
import { readGuideCommands } from './guide-commands.ts'
import { createTestFolder } from './issuer-process.ts'
import { sendRequest } from './send-request.ts'

const soon = { timeout: 30_000, interval: 50 }

function settingsIn(folder: string) {
  return {
    WID_STORE: `sqlite:${join(folder, 'issuer.db')}`,
    WID_ADMIN_TOKEN_FILE: join(folder, 'admin-token'),
    WID_PUBLIC_LISTEN: '127.0.0.1:0',
    WID_TOKEN_LISTEN: '127.0.0.1:0',
    WID_CONTROL_LISTEN: '127.0.0.1:0',
  }
}

describe('moving-the-issuer.md', { timeout: 120_000 }, () => {
  const guide = readGuideCommands('moving-the-issuer.md')
  afterAll(() => expect(guide.left()).toStrictEqual([]))

  it('announces the new URL and moves to it, each served to those who ask for its host', async () => {
    const env = settingsIn(await createTestFolder())
    const [announce = '', move = ''] = [...guide.take('1. Announce the new URL'), ...guide.take('3. Move')]
    const discover = async (address: string, host: string) => {
      const answer = await sendRequest(address, '/.well-known/openid-configuration', { headers: { host } })
      return (answer.json as { readonly issuer: string }).issuer
    }
    const announcing = await runForegroundIssuer(announce, env)
    const issuersOf = async ({ ready }: typeof announcing) =>
      Promise.all(['old', 'new', 'other'].map((name) => discover(ready.public, `${name}.example.com`)))
    const [oldUrl, newUrl] = ['https://old.example.com', 'https://new.example.com']
    expect(await issuersOf(announcing)).toEqual([oldUrl, newUrl, oldUrl])
    await announcing.stop()

    const moved = await runForegroundIssuer(move, env)
    expect(await issuersOf(moved)).toEqual([oldUrl, newUrl, newUrl])
    await moved.stop()
  })
})

/** A program in place of one that needs a cloud: it notes what it is asked for, one argument a line, and reads its files. */
const NOTE_ARGUMENTS = `#!/bin/sh
set -eu
{ basename "$0"; printf '%s\\n' "$@"; echo; } >>"$NOTES"
for argument; do
  case "$argument" in
    "$SITE"/*) test -s "$argument" ;;
    --jwk-json-path=*) test -s "\${argument#*=}" ;;
  esac
done
`

describe('static-publication.md', { timeout: 120_000 }, () => {
  const guide = readGuideCommands('static-publication.md')
  afterAll(() => expect(guide.left()).toStrictEqual([]))

  it('writes the files, lets the issuer wait for them, and hands them to the programs of clouds', async () => {
    const folder = await createTestFolder()
    const [SITE, programs, NOTES] = ['site', 'bin', 'notes'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    const fetched: (string | undefined)[] = []
    const bucket = createServer((request, response) => {
      fetched.push(request.url)
      try {
        response.end(readFileSync(join(SITE, request.url ?? '')))
      } catch {
        response.writeHead(404).end()
      }
    })
    await once(bucket.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => {
      bucket.close()
      bucket.closeAllConnections()
    })
    const ISSUER_URL = `http://127.0.0.1:${(bucket.address() as AddressInfo).port}`
    const settings = settingsIn(folder)
    const [start = ''] = guide.take('Letting the issuer wait for the copy')
    const { ready } = await runForegroundIssuer(start, { ...settings, ISSUER_URL })
    await expect.poll(() => fetched, soon).toContain('/.well-known/openid-configuration')
    const env = { CHECKOUT, SITE, PUBLIC: ready.public, STORE: settings.WID_STORE, ISSUER_URL }

    const written = await guide.run('Writing the files', env)
    expect(written).toMatch(/^wrote .*\nwrote .*\n.* (SHA256:\S+)\n[^]*unchanged .*\nunchanged .*\n.* \1\n$/m)
    expect(readFileSync(join(SITE, '.well-known/jwks.json'), 'utf8')).toBe(
      (await sendRequest(ISSUER_URL, '/.well-known/jwks.json')).text,
    )

    mkdirSync(programs)
    for (const name of ['aws', 'gcloud']) {
      writeFileSync(join(programs, name), NOTE_ARGUMENTS)
      chmodSync(join(programs, name), 0o755)
    }
    const cloud = {
      ...{ ...env, NOTES, PATH: `${programs}:${process.env['PATH'] ?? ''}` },
      ...{ BUCKET: 'b', REGION: 'eu-west-1', POOL: 'p', PROVIDER: 'x' },
    }
    await guide.run('AWS: S3', cloud)
    await guide.run('GCP: a bucket, or no publication at all', cloud)
    const asked = readFileSync(NOTES, 'utf8').trim().split('\n\n')
    expect(asked.map((call) => call.split('\n').slice(0, 3).join(' '))).toEqual([
      'aws s3 cp',
      'aws s3 cp',
      'aws iam create-open-id-connect-provider',
      'gcloud storage cp',
      'gcloud storage cp',
      'gcloud iam workload-identity-pools',
      'gcloud iam workload-identity-pools',
    ])
    expect(asked[1]).toContain(
      `${SITE}/.well-known/openid-configuration\ns3://b/.well-known/openid-configuration\n`,
    )
    expect(asked[2]).toContain('\nhttps://b.s3.eu-west-1.amazonaws.com\n')
    expect(asked[5]).toContain('\n--issuer-uri=https://storage.googleapis.com/b\n')
  })
})
