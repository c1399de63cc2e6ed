import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { CHECKOUT, endBackgroundIssuer } from './background-issuer.ts'
import { readGuideCommands } from './guide-commands.ts'
import { createTestFolder, findFreePort } from './issuer-process.ts'
import { createOldClusters, type OldCluster } from './old-clusters.ts'
import { sendRequest } from './send-request.ts'

const guide = readGuideCommands('migrating-a-cluster.md')
const issuerUrl = 'https://id.cluster.example'
const clusters = createOldClusters(issuerUrl)

/** What relying parties see of an old cluster, its JWKS at a path of its own; gives its address. */
async function serveOldCluster({ folder, keys }: OldCluster): Promise<string> {
  const jwks = keys.map(({ file, kid, alg }) => {
    const jwk = createPublicKey(readFileSync(join(folder, file))).export({ format: 'jwk' })
    return { ...jwk, kid, alg, use: 'sig' }
  })
  const path = '/.well-known/old/jwks'
  const server = createServer((request, response) => {
    const isJwks = request.url === path
    response.end(JSON.stringify(isJwks ? { keys: jwks } : { issuer: issuerUrl, jwks_uri: issuerUrl + path }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('migrating-a-cluster.md', { timeout: 120_000 }, () => {
  afterAll(() => expect(guide.left()).toStrictEqual([]))

  it('brings a cluster here: its keys stay published, its tokens verify, its files can go', async () => {
    const cluster = clusters.ed25519
    const [key] = cluster.keys
    const [folder, old] = [await createTestFolder(), await serveOldCluster(cluster)]
    const place = join(folder, 'place')
    mkdirSync(place, { mode: 0o700 })
    const [publicPort, controlPort] = [await findFreePort(), await findFreePort()]
    const [publicUrl, control] = [`http://127.0.0.1:${publicPort}`, `http://127.0.0.1:${controlPort}`]
    const env = {
      ...{ CHECKOUT, KEYS: cluster.folder, OLD: old, PLACE: place, PUBLIC: publicUrl, CONTROL: control },
      ...{ ADMIN_TOKEN_FILE: join(folder, 'admin-token'), WID_ADMIN_TOKEN_FILE: join(folder, 'admin-token') },
      ...{ WID_STORE: `sqlite:${join(folder, 'issuer.db')}`, WID_ISSUER_URL: issuerUrl },
      ...{ WID_PUBLIC_LISTEN: `127.0.0.1:${publicPort}`, WID_CONTROL_LISTEN: `127.0.0.1:${controlPort}` },
      ...{ WID_TOKEN_LISTEN: '127.0.0.1:0', WID_JWKS_ALIAS: '/.well-known/old/jwks' },
    }
    expect(await guide.run('1. Note what is published', env)).toBe(`${key.kid} EdDSA\n`)
    await guide.run('2. Close the folder', env)
    endBackgroundIssuer(place)
    await guide.run('3. Start the new issuer', env)
    expect(await guide.run('4. Compare', env)).toBe('')
    expect(readFileSync(join(place, 'after'), 'utf8').trim().split('\n')).toHaveLength(2)
    for (const path of ['/.well-known/jwks.json', '/.well-known/old/jwks']) {
      await jwtVerify(key.token, createRemoteJWKSet(new URL(path, publicUrl)), { issuer: issuerUrl })
    }

    await guide.run('7. Remove the old private keys', env)
    expect(existsSync(join(cluster.folder, key.file))).toBe(false)
    expect((await sendRequest(control, '/metrics')).text).toContain('wid_adopted_key_files 0')
    // It signs until its successor has been published for a day.
    expect(await guide.run('8. Let legacy keys go', env)).toBe(`${key.kid} not removed (409)\n`)
  })
})
