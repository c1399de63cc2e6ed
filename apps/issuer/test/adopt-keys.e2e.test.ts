import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  createTestFolder,
  findFreePort,
  runIssuer,
  startIssuer,
  type IssuerProcess,
  type IssuerProcessOptions,
} from './issuer-process.ts'
import { createOldClusters, type OldCluster } from './old-clusters.ts'
import { createReplicas } from './redis-replicas.ts'
import { sendRequest } from './send-request.ts'

const issuerUrl = `http://127.0.0.1:${await findFreePort()}`
const clusters = createOldClusters(issuerUrl)

async function copyOf({ folder, keys }: OldCluster): Promise<OldCluster> {
  const copy = join(await createTestFolder(), 'old')
  cpSync(folder, copy, { recursive: true })
  return { folder: copy, keys }
}

interface PublishedKey {
  readonly kid: string
  readonly alg: string
}

async function adopt(
  { folder: from }: Pick<OldCluster, 'folder'>,
  options: Partial<IssuerProcessOptions> = {},
): Promise<IssuerProcess> {
  const folder = options.folder ?? (await createTestFolder())
  const flags = [`--adopt-keys=${from}`, ...(options.flags ?? [])]
  return startIssuer({ issuerUrl, ...options, folder, flags })
}

async function publishedKeys({ ready }: IssuerProcess): Promise<readonly PublishedKey[]> {
  const { json } = await sendRequest(ready.public, '/.well-known/jwks.json')
  return (json as { keys: readonly PublishedKey[] }).keys
}

async function mintHeader(issuer: IssuerProcess): Promise<{ alg?: string; kid?: string }> {
  const { secret } = await issuer.register({ sandbox_id: 'new', app: 'web' })
  const token = (await issuer.mint(secret)).json as { value: string }
  await verifyAt(issuer, token.value)
  return decodeProtectedHeader(token.value)
}

async function verifyAt(issuer: IssuerProcess, token: string): Promise<void> {
  const jwks = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer.ready.public))
  await jwtVerify(token, jwks, { issuer: issuerUrl, audience: issuerUrl })
}

describe('an issuer that adopts the keys of a cluster', () => {
  it('signs on with an RSA key under its ID, and verifies what it signed before', async () => {
    const { rsa } = clusters
    const [key] = rsa.keys
    const issuer = await adopt(rsa)
    expect((await publishedKeys(issuer)).map(({ kid }) => kid)).toEqual([key.kid])
    expect(await mintHeader(issuer)).toMatchObject({ alg: 'RS256', kid: key.kid })
    await verifyAt(issuer, key.token)
  })

  it.each(['ed25519', 'seed'] as const)(
    'publishes an Ed25519 key (%s) for verification and signs with a fresh RSA key at once',
    async (form) => {
      const cluster = clusters[form]
      const [key] = cluster.keys
      const issuer = await adopt(cluster)
      const published = await publishedKeys(issuer)
      expect(published.map(({ alg }) => alg)).toEqual(['RS256', 'EdDSA'])
      expect(published[1]?.kid).toBe(key.kid)
      expect(await mintHeader(issuer)).toMatchObject({ alg: 'RS256', kid: published[0]?.kid })
      await verifyAt(issuer, key.token)
    },
  )

  it('lets an Ed25519 key sign on in graceful mode while its successor is published', async () => {
    const { ed25519 } = clusters
    const [key] = ed25519.keys
    const issuer = await adopt(ed25519, { flags: ['--adopt-mode=graceful'] })
    const published = await publishedKeys(issuer)
    expect(published.map(({ alg }) => alg)).toEqual(['EdDSA', 'RS256'])
    expect(await mintHeader(issuer)).toMatchObject({ alg: 'EdDSA', kid: key.kid })
    await verifyAt(issuer, key.token)
  })

  it('publishes previous and further keys, only reads the folder, and reminds until its keys are gone', async () => {
    const mixed = await copyOf(clusters.mixed)
    const listing = () => execFileSync('ls', ['-lAR', '--full-time', mixed.folder], { encoding: 'utf8' })
    const before = listing()
    const issuer = await adopt(mixed)
    const kids = (await publishedKeys(issuer)).map(({ kid }) => kid)
    expect(kids.toSorted()).toEqual(mixed.keys.map(({ kid }) => kid).toSorted())
    expect(await mintHeader(issuer)).toMatchObject({ alg: 'RS256', kid: mixed.keys[0].kid })
    for (const { token } of mixed.keys) await verifyAt(issuer, token)
    expect(listing()).toBe(before)

    const reminder = issuer
      .logLines()
      .find(({ msg }) => String(msg).startsWith('adopted private keys are still'))
    expect(reminder?.['files']).toEqual(mixed.keys.map(({ file }) => join(mixed.folder, file)))
    expect((await sendRequest(issuer.ready.control, '/metrics')).text).toContain('wid_adopted_key_files 4')
    await issuer.stop()

    rmSync(mixed.folder, { recursive: true })
    const again = await adopt(mixed, { folder: issuer.folder })
    expect((await publishedKeys(again)).map(({ kid }) => kid)).toEqual(kids)
    for (const { token } of mixed.keys) await verifyAt(again, token)
    expect((await sendRequest(again.ready.control, '/metrics')).text).toContain('wid_adopted_key_files 0')
    expect(again.output()).not.toContain('adopted private keys are still')
  })

  it('gives replicas that start at once one ring', async () => {
    const { ed25519 } = clusters
    const replicas = await createReplicas()
    const flags = [`--adopt-keys=${ed25519.folder}`]
    const started = await Promise.all([1, 2, 3].map(() => replicas.start(flags)))
    const kids = await Promise.all(
      started.map(async (issuer) => (await publishedKeys(issuer)).map(({ kid }) => kid)),
    )
    expect(kids[0]).toContain(ed25519.keys[0].kid)
    expect([kids[1], kids[2]]).toEqual([kids[0], kids[0]])
  })
})

describe('an adoption that is refused', () => {
  it('stops the start on a store whose ring lacks the keys, and names them; on one that has them it does not', async () => {
    const { rsa, mixed } = clusters
    const issuer = await adopt(rsa)
    await issuer.stop()
    const { folder } = issuer
    const refused = await runIssuer({ folder, issuerUrl, flags: [`--adopt-keys=${mixed.folder}`] })
    expect(refused.exitCode).toBe(78)
    for (const { kid, file } of mixed.keys) {
      expect(refused.stderr).toContain(`${kid} (${join(mixed.folder, file)})`)
    }
    await adopt(rsa, { folder })
  })

  it('stops the start for a file that is no key, before anything is made', async () => {
    const mixed = await copyOf(clusters.mixed)
    const broken = join(mixed.folder, 'workload-identity.d', 'broken.pem')
    writeFileSync(broken, 'hello', { mode: 0o600 })
    const folder = await createTestFolder()
    const finished = await runIssuer({ folder, issuerUrl, flags: [`--adopt-keys=${mixed.folder}`] })
    expect([finished.exitCode, finished.stdout]).toEqual([78, ''])
    expect(finished.stderr).toContain(`cannot adopt keys: ${broken}: the private key is not a PEM text`)
    expect(readdirSync(folder)).toEqual([])
  })

  it('makes up no key when there is none to sign with in the folder', async () => {
    const folder = await createTestFolder()
    const { exitCode, stderr } = await runIssuer({ folder, issuerUrl, flags: [`--adopt-keys=${folder}/old`] })
    expect(exitCode).toBe(78)
    expect(stderr).toContain(`there is no workload-identity.key in ${folder}/old to adopt`)
  })
})
