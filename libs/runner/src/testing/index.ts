export { createVirtualTime, type VirtualTime } from './virtual-time.ts'
export { createTokenPress, readWholeToken, type PressedToken, type TokenPress } from './token-press.ts'
export { createTestSource, type TestSource } from './test-source.ts'
export { createMemoryFolder, type MemoryFolder } from './memory-folder.ts'
