import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cleanEnvironment } from '../repository.ts'
import type { Problems } from '../report.ts'
import { SOURCE_CONDITION } from './publish-manifest.ts'

const program = `
import { createIssuer, createKeyRing, generateKeyMaterial, unixSeconds } from '@workload-identity/core'
import { createFixedClock } from '@workload-identity/core/testing'

const clock = createFixedClock()
const issuerUrl = 'https://id.example.com'
const ids = { ringId: crypto.randomUUID(), writeId: crypto.randomUUID(), registryId: crypto.randomUUID() }
const key = await generateKeyMaterial()
const ring = createKeyRing({ ...ids, clusterId: 'default', issuerUrl, key }, clock.now())
const issuer = createIssuer({ ring: () => ring, issuerUrl, clock: clock.now })
const token = await issuer.issueToken('billing', 'billing-1', { audience: 'vault', ttl: 900 })
const claims = await issuer.verifyToken(token.value, { audience: 'vault' })
if (claims.exp !== unixSeconds(token.expires_at)) throw new Error('the token ends at another time')
console.log(claims.sub)
`

/**
 * Installs the tarball of core alone into the empty folder `folder`, issues and verifies a token there with the source
 * condition set, and looks at what was installed.
 */
export function consumeCore(tarball: string, folder: string): Problems {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n')
  writeFileSync(join(folder, 'consumer.mjs'), program)
  const options = { cwd: folder, env: cleanEnvironment(), encoding: 'utf8', stdio: 'pipe' } as const
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', tarball], options)
  const installed = readdirSync(join(folder, 'node_modules'))
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(folder, 'node_modules', name)).map((inner) => `${name}/${inner}`)
        : [name],
    )
  const subject = execFileSync(
    process.execPath,
    [`--conditions=${SOURCE_CONDITION}`, 'consumer.mjs'],
    options,
  )
  return [
    ...(installed.join() === '@workload-identity/core,jose'
      ? []
      : [`installing core alone brought ${installed.join(', ')}`]),
    ...(subject.trim() === 'app:billing:sandbox:billing-1' ? [] : [`the subject was ${subject.trim()}`]),
  ]
}
