import { describe, expect, it } from 'vitest'
import { networkFileSystemOfType } from './file-system.ts'

describe('networkFileSystemOfType', () => {
  it.each([
    [0x6969, 'NFS'],
    [0x517b, 'SMB'],
    [0xff534d42, 'CIFS'],
    [0xfe534d42, 'SMB2'],
    [0x01021997, '9p'],
    [0x65735546, 'FUSE'],
    [0x00c36400, 'Ceph'],
  ])('tells the network file system %i by its name', (type, name) => {
    expect(networkFileSystemOfType(type)).toBe(name)
  })

  it('tells a number that a 32-bit system gives as a negative one', () => {
    expect(networkFileSystemOfType(-11317950)).toBe('CIFS')
  })

  it.each([
    ['ext4', 0xef53],
    ['tmpfs', 0x01021994],
    ['xfs', 0x58465342],
    ['btrfs', 0x9123683e],
    ['overlayfs', 0x794c7630],
    ['zfs', 0x2fc12fc1],
    ['f2fs', 0xf2f52010],
    ['ecryptfs', 0xf15f],
    ['an unknown one', 0],
  ])('takes %s for a local one', (_name, type) => {
    expect(networkFileSystemOfType(type)).toBeUndefined()
  })
})
