import type { IssuerClient, IssuerClientOptions } from './issuer-client.ts'

/**
 * Makes an {@link IssuerClient}. Connects when something is asked. Whoever makes it closes it.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` for an address, certificates or times that cannot be used, and for a bearer
 * that would go over http to another machine.
 */
export function createIssuerClient(options: IssuerClientOptions): IssuerClient {
  throw new TypeError(`not there yet: ${options.controlUrl}`)
}
