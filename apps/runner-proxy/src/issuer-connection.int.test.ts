import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateSecret } from '@workload-identity/core'
import { createLogger } from '@workload-identity/service'
import { expect, describe, it, onTestFinished } from 'vitest'
import { readConfig } from './config.ts'
import { openIssuerConnection } from './issuer-connection.ts'

/** An issuer that refuses everybody and notes who asked. */
async function startRefusingIssuer() {
  const bearers: (string | undefined)[] = []
  const server = createServer((request, response) => {
    bearers.push(request.headers.authorization)
    response.writeHead(401, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: 'invalid_token', error_description: 'who is that' }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return { bearers, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe('openIssuerConnection', () => {
  it('shows the secret that its file holds, and keeps the last one that was one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wid-connection-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'secret')
    const secrets = [generateSecret('runner'), generateSecret('runner')] as const
    const write = (text: string) => writeFileSync(file, `${text}\n`, { mode: 0o600 })
    write(secrets[0])

    const { bearers, url } = await startRefusingIssuer()
    const flags = [`--issuer-control-url=${url}`, '--runner-id=node-1', `--runner-secret-file=${file}`]
    const reading = readConfig(flags, {})
    if (reading.kind !== 'config') throw new TypeError('a text was asked for')
    const lines: string[] = []
    const logger = createLogger('info', { write: (line) => void lines.push(line) })
    const connection = openIssuerConnection({ config: reading.config, logger, lookEveryMs: 10 })
    const shown = async () => {
      await expect(connection.client.listAssignments()).rejects.toMatchObject({ status: 401 })
      return bearers.at(-1)
    }
    connection.task.start()
    expect(await shown()).toBe(`Bearer ${secrets[0]}`)
    write(secrets[1])
    await expect.poll(shown).toBe(`Bearer ${secrets[1]}`)
    write('half of a sec')
    await expect.poll(() => lines.join('')).toContain('the one of before stays')
    expect(await shown()).toBe(`Bearer ${secrets[1]}`)
    await connection.task.stop()
    await connection.close()
    for (const secret of secrets) expect(lines.join('')).not.toContain(secret)
  })
})
