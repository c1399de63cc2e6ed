import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'

const run = promisify(execFile)
const checkout = fileURLToPath(new URL('../../..', import.meta.url))
const units = join(checkout, 'deploy/systemd')

const services = [
  { unit: 'workload-identity-issuer.service', app: 'issuer', dropIns: ['sealed-store.conf'] },
  {
    unit: 'workload-identity-runner-proxy.service',
    app: 'runner-proxy',
    dropIns: ['runner-certificate.conf', 'token-file-owner.conf'],
  },
]

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wid-units-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

/** A copy of a unit that names this checkout instead of the place where it is installed, for `systemd-analyze` to find the program. */
async function copyUnit(folder: string, unit: string): Promise<string> {
  const text = await readFile(join(units, unit), 'utf8')
  const path = join(folder, unit)
  await writeFile(path, text.replaceAll('/opt/workload-identity/', checkout))
  return path
}

/** The exposure that the guide records for a unit. */
async function recordedExposure(unit: string): Promise<number> {
  const guide = await readFile(join(checkout, 'docs/guides/running-a-node.md'), 'utf8')
  const row = guide.split('\n').find((line) => line.startsWith(`| \`${unit}\``))
  return Number(/(\d+\.\d) *\|$/.exec(row ?? '')?.[1])
}

describe.each(services)('$unit', ({ unit, app, dropIns }) => {
  it('is one that systemd understands, with and without its drop-ins', async () => {
    const folder = await createFolder()
    const path = await copyUnit(folder, unit)
    const verify = () => run('systemd-analyze', ['verify', '--man=no', path])
    expect((await verify()).stderr).toBe('')
    await mkdir(`${path}.d`)
    for (const dropIn of dropIns) {
      await cp(join(units, dropIn), join(`${path}.d`, dropIn))
      expect((await verify()).stderr).toBe('')
    }
  })

  it('is exposed no more than the guide says', async () => {
    const judged = await run('systemd-analyze', [
      'security',
      '--offline=true',
      '--no-pager',
      join(units, unit),
    ])
    const exposure = Number(/Overall exposure level for \S+: (\d+\.\d)/.exec(judged.stdout)?.[1])
    expect(exposure).toBeLessThanOrEqual(await recordedExposure(unit))
  })

  it('sets nothing that its program does not know', async () => {
    const files = await Promise.all([unit, ...dropIns].map((file) => readFile(join(units, file), 'utf8')))
    const text = files.join('')
    const [, main = ''] = /^ExecStart=\S+ \S+ (\S+)$/m.exec(text) ?? []
    expect(main).toBe(`/opt/workload-identity/apps/${app}/src/main.ts`)
    const program = main.replace('/opt/workload-identity/', checkout)
    const help = await run(process.execPath, ['--conditions=@workload-identity/source', program, '--help'])
    const variables = [...text.matchAll(/\bWID_[A-Z_]+/g)].map(([name]) => name)
    expect(variables.length).toBeGreaterThan(1)
    for (const name of new Set(variables)) expect(help.stdout).toContain(`(${name}`)
  })
})

describe('workload-identity.sysusers.conf', () => {
  it('makes the users and groups that the units name', async () => {
    const folder = await createFolder()
    await mkdir(join(folder, 'etc'))
    await run('systemd-sysusers', [`--root=${folder}`, join(units, 'workload-identity.sysusers.conf')])
    const made = {
      User: await readFile(join(folder, 'etc/passwd'), 'utf8'),
      Group: await readFile(join(folder, 'etc/group'), 'utf8'),
    }
    for (const { unit } of services) {
      const text = await readFile(join(units, unit), 'utf8')
      for (const [, kind, name] of text.matchAll(/^(User|Group)=(.+)$/gm)) {
        expect(made[kind as 'User' | 'Group']).toMatch(new RegExp(`^${name}:`, 'm'))
      }
    }
  })
})
