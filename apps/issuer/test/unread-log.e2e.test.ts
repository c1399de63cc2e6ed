import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestFolder, findFreePort } from './issuer-process.ts'
import { sendRequest } from './send-request.ts'

const entryPoint = fileURLToPath(new URL('../src/main.ts', import.meta.url))

describe('an issuer whose standard output nobody reads', () => {
  it('goes on answering when the pipe is full, and still ends by SIGTERM', async () => {
    const folder = await createTestFolder()
    const [publicPort, tokenPort] = [await findFreePort(), await findFreePort()]
    const flags = [
      `--issuer-url=http://127.0.0.1:${publicPort}`,
      `--public-listen=127.0.0.1:${publicPort}`,
      `--token-listen=127.0.0.1:${tokenPort}`,
      '--control-listen=127.0.0.1:0',
      `--store=sqlite:${join(folder, 'issuer.db')}`,
      `--admin-token-file=${join(folder, 'admin-token')}`,
    ]
    const args = ['--conditions=@workload-identity/source', entryPoint, ...flags]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const token = `http://127.0.0.1:${tokenPort}`
    await waitUntilAnswered(token)

    // A pipe takes 64 KiB, which is less than the lines of 300 answers.
    for (let request = 1; request <= 1500; request += 1) {
      expect((await sendRequest(token, '/nowhere')).status).toBe(404)
    }

    child.stdout.resume()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

async function waitUntilAnswered(address: string): Promise<void> {
  for (;;) {
    const answered = await sendRequest(address, '/nowhere').then(
      () => true,
      () => false,
    )
    if (answered) return
    await pause(50)
  }
}
