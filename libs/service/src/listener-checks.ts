import { formatListenAddress, isLoopback, type ListenAddress } from '@workload-identity/settings'
import { readTlsFiles, type TlsFilePaths } from '@workload-identity/transport-http'

/** A listener that carries secrets, as it is configured. */
export interface GuardedListener {
  readonly address: ListenAddress
  readonly hasTls: boolean
  /** Whether `--allow-plaintext` names it. */
  readonly isPlaintextAllowed: boolean
  /** Its name for `--allow-plaintext`. */
  readonly name: string
  /** The flags that give it a certificate, as `--tls-cert and --tls-key`. */
  readonly tlsFlags: string
}

/** The files of a certificate and its key; `undefined` unless both are given. */
export function toTlsPaths(
  certPath: string | undefined,
  keyPath: string | undefined,
): TlsFilePaths | undefined {
  return certPath === undefined || keyPath === undefined ? undefined : { certPath, keyPath }
}

/** What is wrong with the files of a certificate and its key, as sentences; reads them. */
export function findTlsProblems(
  certPath: string | undefined,
  keyPath: string | undefined,
): readonly string[] {
  if (certPath === undefined && keyPath === undefined) return []
  if (certPath === undefined || keyPath === undefined) {
    return ['a certificate and its private key belong together: give both or neither']
  }
  try {
    readTlsFiles({ certPath, keyPath })
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : 'the files cannot be used']
  }
}

/** Why a listener would carry secrets in plain text where others can read them; nothing when it would not. */
export function findPlaintextProblems(listener: GuardedListener): readonly string[] {
  const { address, name } = listener
  if (isLoopback(address) || listener.hasTls || listener.isPlaintextAllowed) return []
  return [
    `${formatListenAddress(address)} is beyond loopback and would carry secrets in plain text: give ${listener.tlsFlags}, or --allow-plaintext ${name} when something else protects the traffic`,
  ]
}

/** Names an address that two listeners have; nothing when each has its own. Port 0 is another one each time. */
export function findSharedAddresses(addresses: readonly ListenAddress[]): readonly string[] {
  const fixed = addresses.filter(isFixed).map(formatListenAddress)
  const twice = fixed.find((address, index) => fixed.indexOf(address) !== index)
  return twice === undefined ? [] : [`two listeners have the address ${twice}; each needs its own`]
}

function isFixed(address: ListenAddress): boolean {
  return address.kind === 'unix' || address.port !== 0
}
