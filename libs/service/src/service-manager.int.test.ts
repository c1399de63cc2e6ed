import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createServiceManager } from './service-manager.ts'

/** Takes datagrams as systemd does, which Node cannot, and prints each as a line. */
const receiver = `
  use Socket; $| = 1;
  socket(my $in, AF_UNIX, SOCK_DGRAM, 0) or die $!;
  bind($in, pack_sockaddr_un($ARGV[0])) or die $!;
  print "listening\\n";
  my $text;
  while (defined recv($in, $text, 4096, 0)) { print "$text\\n" if $text ne '' && $text ne 'BARRIER=1' }
`

async function startReceiver() {
  const folder = await mkdtemp(join(tmpdir(), 'wid-notify-'))
  const NOTIFY_SOCKET = join(folder, 'notify')
  const child = spawn('perl', ['-e', receiver, NOTIFY_SOCKET], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  })
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  await expect.poll(() => lines, { timeout: 30_000 }).toEqual(['listening'])
  return { env: { PATH: process.env['PATH'] ?? '', NOTIFY_SOCKET }, heard: () => lines.slice(1) }
}

describe('createServiceManager', () => {
  it('says that the service is ready, lives three times in each interval, and stops', async () => {
    const { env, heard } = await startReceiver()
    const warn = vi.fn()
    const manager = createServiceManager({ env: { ...env, WATCHDOG_USEC: '600000' }, logger: { warn } })
    await manager.start?.()
    await expect
      .poll(() => heard().slice(0, 4), { timeout: 30_000 })
      .toEqual(['READY=1', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1'])
    await manager.stop?.()
    await expect.poll(() => heard().at(-1), { timeout: 30_000 }).toBe('STOPPING=1')
    expect(warn).not.toHaveBeenCalled()
  })

  it('pings no watchdog of a unit that has none', async () => {
    const { env, heard } = await startReceiver()
    const manager = createServiceManager({ env, logger: { warn: vi.fn() } })
    await manager.start?.()
    await manager.stop?.()
    await expect.poll(heard, { timeout: 30_000 }).toEqual(['READY=1', 'STOPPING=1'])
  })

  it('starts no program where no service manager asks', async () => {
    const warn = vi.fn()
    const options = { env: { PATH: '' }, logger: { warn }, program: 'no-such-program' }
    const manager = createServiceManager(options)
    await manager.start?.()
    await manager.stop?.()
    expect(warn).not.toHaveBeenCalled()
  })

  it('logs once when systemd-notify is not there, and goes on', async () => {
    const warn = vi.fn()
    const env = { PATH: '', NOTIFY_SOCKET: '/nowhere' }
    const manager = createServiceManager({ env, logger: { warn } })
    await manager.start?.()
    await manager.stop?.()
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0]?.[1]).toMatch(/systemd-notify failed/)
  })

  it('goes on when Node throws instead of telling that the program cannot be started', async () => {
    const warn = vi.fn()
    const env = { PATH: '', NOTIFY_SOCKET: '/nowhere' }
    const manager = createServiceManager({ env, logger: { warn }, program: `${process.execPath}/program` })
    await manager.start?.()
    await manager.stop?.()
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0]?.[0]).toMatchObject({ err: { code: 'ENOTDIR' } })
  })

  it('is not heard of any more when the event loop hangs', async () => {
    const { env, heard } = await startReceiver()
    const manager = new URL('service-manager.ts', import.meta.url).pathname
    const program = `
      import { createServiceManager } from ${JSON.stringify(manager)}
      await createServiceManager({ env: process.env, logger: console }).start()
      for (const end = Date.now() + 1000; Date.now() < end; );
      process.exit()`
    const args = ['--conditions=@workload-identity/source', '--input-type=module', '-e', program]
    await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, ...env, WATCHDOG_USEC: '30000' },
    })
    expect(heard()).toEqual(['READY=1'])
  })
})
