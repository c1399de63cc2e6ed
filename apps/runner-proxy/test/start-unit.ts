import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startService, type Service } from './start-service.ts'

/** The checkout, for the variable of that name in guides. */
export const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/** How a unit is started without systemd. */
export interface UnitStart {
  /** Where the files are that the unit names below `/etc`, `/run` and `/var/lib`. */
  readonly root: string
  /** Files of `deploy/systemd` that change it. */
  readonly dropIns?: readonly string[]
  /** Further variables, which win. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Starts the service of a unit as systemd would, as far as its program can tell: with the variables, credentials and folders
 * that unit, drop-ins and the environment file give it.
 */
export async function startUnit(
  app: 'issuer' | 'runner-proxy',
  { root, dropIns = [], env = {} }: UnitStart,
): Promise<Service> {
  const files = [`workload-identity-${app}.service`, ...dropIns]
  const units = await Promise.all(
    files.map((name) => readFile(join(CHECKOUT, 'deploy/systemd', name), 'utf8')),
  )
  const here = (text: string) =>
    text
      .replaceAll('%S', join(root, 'var/lib'))
      .replaceAll('%t', join(root, 'run'))
      .replaceAll('/etc/workload-identity', join(root, 'etc/workload-identity'))
  const text = here(units.join('\n'))
  /** What stands behind a name; an empty one takes back those before it. */
  const values = (name: string) => {
    const found = [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value)
    return found.slice(found.lastIndexOf('') + 1)
  }

  const credentials = join(root, 'credentials', app)
  await mkdir(credentials, { recursive: true })
  for (const [name = '', source = ''] of values('LoadCredential').map((value) => value.split(':'))) {
    await copyFile(source, join(credentials, name))
    await chmod(join(credentials, name), 0o400)
  }
  for (const name of values('StateDirectory')) await mkdir(join(root, 'var/lib', name), { recursive: true })
  for (const name of values('RuntimeDirectory')) await mkdir(join(root, 'run', name), { recursive: true })
  const environment = await Promise.all(values('EnvironmentFile').map((path) => readFile(path, 'utf8')))
  const lines = [...values('Environment'), ...environment.map(here).join('\n').split('\n')]
  const taken = values('UnsetEnvironment')
  const variables = lines
    .map((line) => /^(\w+)=(.*)$/.exec(line))
    .filter((found) => found !== null && !taken.includes(found[1] ?? ''))
    .map((found) => [found?.[1] ?? '', found?.[2] ?? ''])
  return startService(app, [], undefined, {
    ...Object.fromEntries(variables),
    CREDENTIALS_DIRECTORY: credentials,
    ...env,
  })
}
