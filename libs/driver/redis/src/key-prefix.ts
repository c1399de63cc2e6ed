/** The part of a key or channel that says whose it is: all keys with one `tag` are in one slot of a Cluster. */
export interface KeyPrefixOptions {
  /** The cluster of the issuer, `default` when it has no ID. */
  readonly clusterId: string
  /** What all keys of this program begin with; default `wid:`. */
  readonly prefix?: string
  /** Tells groups of keys of one cluster apart, which then lie in different slots. */
  readonly tag?: string
}

/**
 * `wid:{<cluster_id>}:`, or `wid:{<cluster_id>:<tag>}:`. No two clusters share one, as a colon or a brace is in no
 * cluster ID.
 *
 * @throws {TypeError} when a part is empty or holds what would move the keys to another slot or another cluster.
 */
export function formatKeyPrefix({ clusterId, prefix = 'wid:', tag }: KeyPrefixOptions): string {
  if (!/^[A-Za-z0-9._/@+=~-]+$/.test(clusterId)) {
    throw new TypeError('the cluster ID of a key prefix must be an identifier')
  }
  if (!/^[\x21-\x7a|~]+$/.test(prefix)) {
    throw new TypeError('a key prefix must be visible ASCII characters without braces')
  }
  return `${prefix}{${clusterId}${tag === undefined ? '' : `:${tag}`}}:`
}
