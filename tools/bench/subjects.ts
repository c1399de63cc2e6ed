import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { measureCeiling, type BenchAlgorithm } from './ceiling.ts'
import { startBenchIssuer, type BenchIssuer } from './issuer.ts'
import type { LoadGenerator, LoadTarget } from './load.ts'
import { startProgram } from './processes.ts'
import { startBenchProxy } from './runner-proxy.ts'
import { stores, type BenchStore } from './stores.ts'

/** One thing that is measured, in operations a second. */
export interface Subject {
  readonly name: string
  /** The name of the subject it is compared with; absent for those that are only compared with. */
  readonly against?: string
  measure(seconds: number): Promise<number>
}

/** The issuers of one algorithm, one for each store. */
interface StoredIssuer {
  readonly store: string
  readonly issuer: BenchIssuer
}

/**
 * Starts all servers and gives what is to be measured, in the order of the table. They wait idle between their turns.
 *
 * @param folder where stores and logs go.
 */
export async function startSubjects(folder: string, load: LoadGenerator): Promise<readonly Subject[]> {
  const rs256 = await startIssuers('RS256', folder)
  const es256 = await startIssuers('ES256', folder)
  const { jwks, discovery } = rs256[0].issuer.targets
  return [
    ...(await mintSubjects('RS256', rs256, load)),
    ...(await mintSubjects('ES256', es256, load)),
    ...(await documentSubjects('JWKS', jwks, load)),
    ...(await documentSubjects('discovery', discovery, load)),
    ...(await proxySubjects(rs256[0].issuer, folder, load)),
  ]
}

async function startIssuers(
  algorithm: BenchAlgorithm,
  folder: string,
): Promise<readonly [StoredIssuer, ...StoredIssuer[]]> {
  const start = async ({ name, open }: BenchStore): Promise<StoredIssuer> => {
    const own = join(folder, `${algorithm}-${name}`)
    mkdirSync(own, { mode: 0o700 })
    return { store: name, issuer: await startBenchIssuer({ algorithm, folder: own, store: await open(own) }) }
  }
  const [first, ...others] = stores
  return [await start(first), ...(await Promise.all(others.map(start)))]
}

async function mintSubjects(
  algorithm: BenchAlgorithm,
  issuers: readonly StoredIssuer[],
  load: LoadGenerator,
): Promise<readonly Subject[]> {
  const core = await startProgram('core', { algorithm })
  const fastify = await startProgram('fastify-mint', { algorithm })
  const fastifyTarget = { url: String(fastify.ready), headers: {} }
  const ceiling = `${algorithm} openssl speed, all cores`
  return [
    { name: ceiling, measure: (seconds) => measureCeiling(algorithm, seconds) },
    {
      name: `${algorithm} core issueToken, no HTTP`,
      against: ceiling,
      measure: async (seconds) => Number(await core.ask({ seconds })),
    },
    {
      name: `${algorithm} bare Fastify route with jose`,
      against: ceiling,
      measure: (seconds) => load.measure(fastifyTarget, seconds),
    },
    ...issuers.map(({ store, issuer }) => ({
      name: `${algorithm} HTTP mint, ${store}`,
      against: ceiling,
      measure: (seconds: number) => load.measure(issuer.targets.mint, seconds),
    })),
  ]
}

/** A runner proxy of the first issuer: what it has, against a body of the same size, and what it has to ask for. */
async function proxySubjects(
  issuer: BenchIssuer,
  folder: string,
  load: LoadGenerator,
): Promise<readonly Subject[]> {
  const own = join(folder, 'runner-proxy')
  mkdirSync(own, { mode: 0o700 })
  const { targets } = await startBenchProxy({ issuer, runnerId: 'node-1', sandboxes: 1, folder: own })
  const cached = await documentSubjects('runner proxy, cached token', targets.cached, load)
  const uncached = {
    name: 'RS256 runner proxy, uncached token',
    against: 'RS256 openssl speed, all cores',
    measure: (seconds: number) => load.measure(targets.uncached, seconds),
  }
  // Against the bare Fastify route: a proxy is no faster than what it is built on.
  const [http, fastify, proxy] = cached
  if (http === undefined || fastify === undefined || proxy === undefined)
    throw new RangeError('three subjects')
  const { against: _, ...bare } = fastify
  const measured = { ...proxy, name: 'runner proxy, cached token', against: fastify.name }
  return [bare, measured, ...(load.name === 'wrk' ? [uncached] : [])]
}

async function documentSubjects(
  name: string,
  target: LoadTarget,
  load: LoadGenerator,
): Promise<readonly Subject[]> {
  const response = await fetch(target.url, { headers: target.headers })
  const body = await response.text()
  // Node adds these itself.
  const added = ['date', 'connection', 'keep-alive', 'content-length']
  const copied = [...response.headers].filter(([field]) => !added.includes(field))
  const headers = Object.fromEntries([...copied, ['content-length', String(Buffer.byteLength(body))]])
  const http = await startProgram('bare-http', { body, headers })
  const fastify = await startProgram('fastify-document', { body, headers })
  const against = `${name} from bare node:http`
  const loadOn = (url: string) => (seconds: number) => load.measure({ url, headers: {} }, seconds)
  return [
    { name: against, measure: loadOn(String(http.ready)) },
    { name: `${name} from a bare Fastify route`, against, measure: loadOn(String(fastify.ready)) },
    { name: `${name} from the issuer`, against, measure: (seconds) => load.measure(target, seconds) },
  ]
}
