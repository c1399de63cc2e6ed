import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBenchIssuer, type BenchTarget } from './issuer.ts'
import { chooseLoadGenerator } from './load.ts'
import { endChildrenWithThisProcess } from './processes.ts'
import { stores } from './stores.ts'
import { summariseProfile, type CpuProfile } from './summarise-profile.ts'

// Says where the issuer's main thread spends its time under load: `profile.ts [mint|jwks|discovery] [RS256|ES256]`.

const LOAD_SECONDS = 10

const [target = 'mint', algorithm = 'RS256'] = process.argv.slice(2)
if (!isTarget(target) || (algorithm !== 'RS256' && algorithm !== 'ES256')) {
  throw new RangeError('usage: profile.ts [mint|jwks|discovery] [RS256|ES256]')
}

endChildrenWithThisProcess()
const folder = mkdtempSync(join(tmpdir(), 'wid-profile-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const issuer = await startBenchIssuer({
  algorithm,
  folder,
  store: await stores[0].open(folder),
  nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${folder}`],
})
await chooseLoadGenerator().measure(issuer.targets[target], LOAD_SECONDS)
await issuer.stop()

const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'))
if (file === undefined) throw new Error('the issuer left no profile')
const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile
for (const { part, share } of summariseProfile(profile)) {
  console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${part}`)
}
process.exit(0)

function isTarget(text: string): text is BenchTarget {
  return text === 'mint' || text === 'jwks' || text === 'discovery'
}
