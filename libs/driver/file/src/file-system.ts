import { statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { IssuerError } from '@workload-identity/core'
import { systemCode, toFileError } from './file-error.ts'

/** Whether files may be kept where links, renames and syncs of other machines are not seen at once or not at all. */
export interface FileSystemPolicy {
  /** Default false. True takes a network file system all the same: nothing promised about crashes and races holds. */
  readonly allowNetworkFileSystem?: boolean
}

// `f_type` of statfs(2) on Linux, from linux/magic.h and the sources of the file systems that are not in it.
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9p'],
  [0x65735546, 'FUSE'],
  [0x564c, 'NCP'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x0bd00bd0, 'Lustre'],
  [0x19830326, 'BeeGFS'],
  [0x47504653, 'GPFS'],
  [0xaad7aaea, 'PanFS'],
  [0xbeefdead, 'StorNext'],
  [0x786f4256, 'VirtualBox shared folders'],
  [0xbacbacbc, 'VMware shared folders'],
  [0x7c7c6673, 'Parallels shared folders'],
])

// As above: views of the system, where nobody's files are. Some of them answer the making of a folder in a way that lets
// a recursive mkdir of Node try for ever.
const systemViews: ReadonlyMap<number, string> = new Map([
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x0027e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
  [0x64626720, 'debugfs'],
  [0x74726163, 'tracefs'],
  [0x73636673, 'securityfs'],
  [0x62656570, 'configfs'],
  [0x1cd1, 'devpts'],
  [0xcafe4a11, 'bpf'],
])

/**
 * The name of the network file system with that `f_type`, or `undefined` for a local one. FUSE counts as one: what is
 * behind it cannot be told.
 *
 * @param type as `statfs` of Node gives it on Linux; on other systems the numbers mean nothing and none is known.
 */
export function networkFileSystemOfType(type: number): string | undefined {
  // A 32-bit system gives the numbers with the highest bit as negative ones.
  return networkFileSystems.get(type >>> 0)
}

/**
 * Makes sure that the file or folder at `path` is on a local file system, or will be when it is created; one that keeps no
 * files at all (`/proc`, `/sys`) is refused whatever the policy. Knows those of Linux; elsewhere everything passes.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` with the reason, or when that cannot be told.
 */
export function assertLocalFileSystem(path: string, policy: FileSystemPolicy = {}): void {
  const allowsNetwork = policy.allowNetworkFileSystem === true
  const type = allowsNetwork ? tryFileSystemType(path) : fileSystemType(path)
  const view = type === undefined ? undefined : systemViews.get(type >>> 0)
  if (view !== undefined) {
    const reason = `it is on ${view}, which shows the system and keeps no files; choose a folder on a disk`
    throw new IssuerError('ERR_STORE_UNAVAILABLE', `cannot use ${path}: ${reason}`, {
      details: { path, file_system: view },
    })
  }
  const name = allowsNetwork || type === undefined ? undefined : networkFileSystemOfType(type)
  if (name === undefined) return
  const reason =
    `it is on a network file system (${name}), where another machine may not see a change at once and a lock or a sync may do nothing, ` +
    'so that keys or registrations could be lost; use a local disk, or allow it explicitly'
  throw new IssuerError('ERR_STORE_UNAVAILABLE', `cannot use ${path}: ${reason}`, {
    details: { path, file_system: name },
  })
}

/** Whoever allows everything is not stopped by what cannot be told: using the path says more. */
function tryFileSystemType(path: string): number | undefined {
  try {
    return fileSystemType(path)
  } catch {
    return undefined
  }
}

function fileSystemType(path: string): number {
  try {
    return statfsSync(path).type
  } catch (error) {
    const parent = dirname(resolve(path))
    if (systemCode(error) === 'ENOENT' && parent !== path) return fileSystemType(parent)
    throw toFileError(error, 'tell the file system of', path)
  }
}
