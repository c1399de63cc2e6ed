import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { createTestFolder, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { readOpenApiDocument, type DescribedOperation } from './openapi-document.ts'
import { sendRequest, type HttpAnswer, type HttpRequest } from './send-request.ts'

const document = readOpenApiDocument()
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)
const sandbox = { sandbox_id: 'billing-7f9c', app: 'billing' }
const runner = {
  runner_id: 'node-1',
  token_url: 'http://127.0.0.1:7133/v1/token',
  token_dir: '/run/workload-identity',
}
const readToken = 'wia_read-token-of-at-least-32-characters-'

async function startDescribedIssuer(): Promise<IssuerProcess> {
  const folder = await createTestFolder()
  const adminToken = 'wia_admin-token-of-at-least-32-characters'
  const tokens = `ada admin ${adminToken}\nrob read ${readToken}\n`
  writeFileSync(join(folder, 'admin-token'), tokens, { mode: 0o600 })
  const names = ['--organization-id=acme', '--cluster-id=eu-1']
  const workload = '--system-workload=image-puller=registry.example'
  const issuer = await startIssuer({ folder, flags: [...names, workload] })
  return { ...issuer, adminToken }
}

/** The secrets of whoever asks in examples. */
interface Secrets {
  readonly sandbox: string
  readonly runner: string
}

/** The sandboxes and the runner of the examples, as if they were registered just now, and not those that examples register. */
async function registerAnew(issuer: IssuerProcess): Promise<Secrets> {
  const control = (path: string, request: HttpRequest) =>
    sendRequest(issuer.ready.control, path, { bearer: issuer.adminToken, ...request })
  const register = async (path: string, json: object) => {
    const answer = await control(path, { method: 'POST', json })
    return (answer.json as { secret: string }).secret
  }
  for (const id of [sandbox.sandbox_id, 'billing-8a1d']) {
    await control(`/v1/sandboxes/${id}`, { method: 'DELETE' })
  }
  for (const id of [runner.runner_id, 'node-2']) {
    await control(`/v1/runners/${id}?sandboxes=end`, { method: 'DELETE' })
  }
  const secrets = {
    sandbox: await register('/v1/sandboxes', sandbox),
    runner: await register('/v1/runners', runner),
  }
  await register('/v1/sandboxes', { sandbox_id: 'web-3c4d', app: 'web', runner_id: runner.runner_id })
  return secrets
}

/** What is left when a store was emptied of all but its keys. */
function loseRegistry({ folder }: IssuerProcess): void {
  const store = new DatabaseSync(join(folder, 'issuer.db'))
  store.exec('DELETE FROM registry; DELETE FROM sandboxes; DELETE FROM runners')
  store.close()
}

/** Puts the parts of an example together. */
function toRequest(path: string, operation: DescribedOperation, name: string) {
  const query = new URLSearchParams()
  const headers: Record<string, string> = {}
  let target = path
  for (const parameter of operation.parameters) {
    const value = parameter.examples[name]?.value
    if (value === undefined) continue
    if (parameter.in === 'path')
      target = target.replace(`{${parameter.name}}`, encodeURIComponent(String(value)))
    if (parameter.in === 'query') for (const item of [value].flat()) query.append(parameter.name, item)
    if (parameter.in === 'header') headers[parameter.name] = String(value)
  }
  const json = operation.requestBody?.content['application/json'].examples[name]?.value
  return { target: query.size === 0 ? target : `${target}?${query}`, headers, json }
}

function credentialOf(issuer: IssuerProcess, operation: DescribedOperation, name: string, secrets: Secrets) {
  const [scheme = {}] = operation.security
  const ofAdmin = 'adminToken' in scheme ? issuer.adminToken : secrets.runner
  const usual = 'sandboxSecret' in scheme ? secrets.sandbox : ofAdmin
  const given = operation['x-examples'][name]?.credential
  if (operation.security.length === 0 || given === 'none') return undefined
  if (given === 'read-only') return readToken
  return given === 'unknown' ? 'wis_unknown' : usual
}

/** Whether a body is like the one shown: equal for an error but for key IDs and dates, else of the same members. */
function isAsShown({ status, json }: HttpAnswer, shown: unknown): boolean {
  if (typeof shown !== 'object') return true
  if (status < 400) return isDeepStrictEqual(shapeOf(json), shapeOf(shown))
  const plain = (body: unknown) =>
    JSON.stringify(body).replaceAll(/[\w-]{43}|\d{4}-\d\d-\d\dT[\d:]{8}Z/g, '…')
  return plain(json) === plain(shown)
}

/** The ID of the key of the issuer that an example of changing keys is about. */
async function findKeyToChange(issuer: IssuerProcess, operationId: string): Promise<string> {
  const { json } = await sendRequest(issuer.ready.control, '/v1/keys', { bearer: issuer.adminToken })
  const { items } = json as { readonly items: readonly { readonly kid: string; readonly state: string }[] }
  const state = operationId === 'revokeKey' ? 'active' : 'retired'
  return items.find((key) => key.state === state)?.kid ?? 'none'
}

/** The members of a value and their types; of an array those of its first item. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]))
}

describe('docs/openapi.json', () => {
  it('has the routes of the running process, and no others', async () => {
    const preload = fileURLToPath(new URL('print-routes.ts', import.meta.url))
    const env = { NODE_OPTIONS: `--import=${preload}` }
    const issuer = await startIssuer({ folder: await createTestFolder(), env })
    const routes = issuer.logLines().filter(({ msg }) => msg === 'route')
    const running = routes.map(
      ({ method, url }) => `${String(method)} ${String(url).replace(/:(\w+)/g, '{$1}')}`,
    )
    expect(running.sort()).toEqual(operations.map(({ method, path }) => `${method} ${path}`).sort())
  })

  it('has the methods that the process names in Allow', async () => {
    const issuer = await startDescribedIssuer()
    for (const [path, methods] of Object.entries(document.paths)) {
      const listener = Object.values(methods)[0]!.tags[0]
      const answer = await sendRequest(issuer.ready[listener], path.replace(/\{k?id\}/, 'x'), {
        method: 'PUT',
      })
      const allow = Object.keys(methods).map((method) => method.toUpperCase())
      expect([path, answer.status, answer.headers.allow]).toEqual([path, 405, allow.sort().join(', ')])
      expect(document.compareAnswer(answer, document.responses['MethodNotAllowed']!)).toEqual([])
    }
  })

  it('has examples that the process answers as it says', async () => {
    const issuer = await startDescribedIssuer()
    const problems: unknown[] = []
    let sent = 0
    let secrets = await registerAnew(issuer)
    for (const { path, method, operation } of operations) {
      for (const [name, { status }] of Object.entries(operation['x-examples'])) {
        const bearer = credentialOf(issuer, operation, name, secrets)
        if (operation.operationId === 'acceptRegistryLoss' && status === 200) loseRegistry(issuer)
        const { target: shownTarget, ...request } = toRequest(path, operation, name)
        const target =
          path.includes('{kid}') && status < 300
            ? shownTarget.replace(/[\w-]{43}/, await findKeyToChange(issuer, operation.operationId))
            : shownTarget
        const credential = bearer === undefined ? {} : { bearer }
        const listener = issuer.ready[operation.tags[0]]
        const answer = await sendRequest(listener, target, { method, ...request, ...credential })
        sent += 1
        const example = `${operation.operationId} ${name}`
        const described = operation.responses[status]!
        const shown = Object.values(described.content ?? {})[0]?.examples[name]?.value
        // Whatever an example did is undone for the next one.
        if (method !== 'GET' && answer.status < 300) secrets = await registerAnew(issuer)
        if (answer.status !== status) problems.push({ example, status: answer.status, body: answer.text })
        const differences = document.compareAnswer(answer, described)
        if (differences.length > 0) problems.push({ example, differences })
        if (!isAsShown(answer, shown)) problems.push({ example, shown, body: answer.text })
      }
    }
    expect(problems).toEqual([])
    expect(sent).toBeGreaterThan(40)
  })

  it('describes the refusals that operations share', async () => {
    const issuer = await startDescribedIssuer()
    const asSandbox = { bearer: (await registerAnew(issuer)).sandbox }
    const asAdmin = { method: 'POST', bearer: issuer.adminToken }
    const send = (path: string, request: HttpRequest) =>
      path.startsWith('/v1/token')
        ? sendRequest(issuer.ready.token, path, { ...asSandbox, ...request })
        : sendRequest(issuer.ready.control, path, { ...asAdmin, ...request })
    const cases: readonly [string, number, string, HttpRequest][] = [
      ['InvalidRequest', 400, '/v1/token?audiense=x', {}],
      ['Unauthenticated', 401, '/v1/token', { bearer: '' }],
      ['AccessDenied', 403, '/v1/token', { bearer: 'wis_unknown' }],
      ['NotFound', 404, '/v1/token/', {}],
      ['MethodNotAllowed', 405, '/v1/token', { method: 'DELETE' }],
      ['Conflict', 409, '/v1/sandboxes', { json: sandbox }],
      ['RequestTooLarge', 413, '/v1/sandboxes', { json: { app: 'a'.repeat(70_000) } }],
      ['UriTooLong', 414, `/v1/token?audience=${'a'.repeat(9000)}`, {}],
      [
        'UnsupportedMediaType',
        415,
        '/v1/sandboxes',
        { json: sandbox, headers: { 'content-type': 'text/plain' } },
      ],
      ['ExpectationFailed', 417, '/v1/token', { headers: { expect: 'the-best' } }],
      ['HeaderTooLarge', 431, '/v1/token', { headers: { 'x-large': 'a'.repeat(17_000) } }],
    ]
    for (const [name, status, path, request] of cases) {
      const answer = await send(path, request)
      const described = document.responses[name]!
      expect([name, answer.status, ...document.compareAnswer(answer, described)]).toEqual([name, status])
      const { error } = answer.json as { error: string }
      expect(Object.keys(described.content!['application/json']!.examples)).toContain(error)
    }
  })

  it('describes the 503 of every operation that asks a registry, once that is lost', async () => {
    const issuer = await startDescribedIssuer()
    const secrets = await registerAnew(issuer)
    loseRegistry(issuer)
    const statuses: Record<string, number> = {}
    // The one that ends the loss, and those that change keys.
    const others = operations.filter(
      ({ operation }) => !/^(acceptRegistryLoss|(rotate|revoke|remove)Keys?)$/.test(operation.operationId),
    )
    for (const { path, method, operation } of others) {
      const [name = ''] = Object.keys(operation['x-examples'])
      const { target, ...request } = toRequest(path, operation, name)
      const bearer = credentialOf(issuer, operation, name, secrets)
      const sent = { method, ...request, ...(bearer !== undefined && { bearer }) }
      const answer = await sendRequest(issuer.ready[operation.tags[0]], target, sent)
      statuses[operation.operationId] = answer.status
      expect(document.compareAnswer(answer, operation.responses[answer.status]!)).toEqual([])
    }
    const untouched = ['Discovery', 'Jwks', 'Issuer', 'Key', 'Rotation', 'Liveness', 'Metrics']
    const answered = Object.keys(statuses).filter((id) => statuses[id] === 200)
    expect(answered.every((id) => untouched.some((word) => id.includes(word)))).toBe(true)
    expect(answered).toHaveLength(10)
    expect(Object.values(statuses).filter((status) => status !== 200 && status !== 503)).toEqual([])
  })
})
