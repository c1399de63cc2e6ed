import { IssuerError } from '@workload-identity/core'
import { createAskIssuer } from './ask-issuer.ts'
import { openConnections } from './connections.ts'
import { parseControlAddress } from './control-address.ts'
import type { IssuerClient, IssuerClientOptions } from './issuer-client.ts'
import { createRunnerAdminRequests } from './runner-admin-requests.ts'
import { createRunnerRequests } from './runner-requests.ts'
import { createSandboxRequests } from './sandbox-requests.ts'
import { createSender } from './send-request.ts'
import { clientClosed } from './unavailable.ts'

/**
 * Makes an {@link IssuerClient}. Connects when something is asked. Whoever makes it closes it.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` for an address, certificates or limits that cannot be used, and for a bearer
 * that would go over http to another machine.
 */
export function createIssuerClient(options: IssuerClientOptions): IssuerClient {
  const { bearer, tls, onTry, tryTimeoutMs = 5_000, totalTimeoutMs = 15_000, maxConnections = 16 } = options
  const address = parseControlAddress(options.controlUrl)
  if (address.isExposed && bearer !== undefined && options.allowPlaintext !== true) {
    throw invalid('the secret for the issuer would be sent to another machine in plain text: use https')
  }
  assertLimit('tryTimeoutMs', tryTimeoutMs)
  assertLimit('totalTimeoutMs', totalTimeoutMs)
  assertLimit('maxConnections', maxConnections)
  const connections = openConnections({
    address,
    maxConnections,
    connectTimeoutMs: tryTimeoutMs,
    ...(tls !== undefined && { tls }),
  })
  const sender = createSender({
    connections,
    tryTimeoutMs,
    totalTimeoutMs,
    random: options.random ?? Math.random,
    monotonicMs: options.monotonicMs ?? (() => performance.now()),
    ...(bearer !== undefined && { bearer }),
    ...(onTry !== undefined && { onTry }),
  })
  const asking = createAskIssuer(sender)
  let isClosed = false
  return {
    ...createSandboxRequests(asking),
    ...createRunnerAdminRequests(asking),
    ...createRunnerRequests(asking),
    async replaceTls(replacement) {
      if (isClosed) throw clientClosed('replaceTls')
      await connections.replaceTls(replacement)
    },
    async close() {
      isClosed = true
      sender.stop()
      await connections.destroy()
    },
  }
}

/** The most that a timer of Node can wait is 2³¹ − 1 ms; beyond that it does not wait at all. */
function assertLimit(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1 && value < 2 ** 31) return
  throw invalid(`${name} must be a whole number of at least 1`)
}

function invalid(sentence: string): IssuerError {
  return new IssuerError('ERR_REQUEST_INVALID', sentence)
}
