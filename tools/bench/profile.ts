import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBenchIssuer, type BenchTarget } from './issuer.ts'
import { chooseLoadGenerator } from './load.ts'
import { endChildrenWithThisProcess } from './processes.ts'
import { startBenchProxy, type BenchProxy } from './runner-proxy.ts'
import { stores } from './stores.ts'
import { summariseProfile, type CpuProfile } from './summarise-profile.ts'

// Says where the main thread of the issuer, or of a runner proxy (`cached`, `uncached`), spends its time under load:
// `profile.ts [mint|jwks|discovery|cached|uncached] [RS256|ES256]`.

const LOAD_SECONDS = 10

const [target = 'mint', algorithm = 'RS256'] = process.argv.slice(2)
if (!(isTarget(target) || isProxyTarget(target)) || (algorithm !== 'RS256' && algorithm !== 'ES256')) {
  throw new RangeError('usage: profile.ts [mint|jwks|discovery|cached|uncached] [RS256|ES256]')
}

endChildrenWithThisProcess()
const folder = mkdtempSync(join(tmpdir(), 'wid-profile-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${folder}`]
const store = await stores[0].open(folder)
const load = chooseLoadGenerator()
if (isProxyTarget(target)) {
  const issuer = await startBenchIssuer({ algorithm, folder, store })
  const proxy = await startBenchProxy({ issuer, runnerId: 'node-1', sandboxes: 1, folder, nodeFlags })
  await load.measure(proxy.targets[target], LOAD_SECONDS)
  await proxy.stop()
} else {
  const issuer = await startBenchIssuer({ algorithm, folder, store, nodeFlags })
  await load.measure(issuer.targets[target], LOAD_SECONDS)
  await issuer.stop()
}

const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'))
if (file === undefined) throw new Error('the process left no profile')
const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile
for (const { part, share } of summariseProfile(profile)) {
  console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${part}`)
}
process.exit(0)

function isTarget(text: string): text is BenchTarget {
  return text === 'mint' || text === 'jwks' || text === 'discovery'
}

function isProxyTarget(text: string): text is keyof BenchProxy['targets'] {
  return text === 'cached' || text === 'uncached'
}
