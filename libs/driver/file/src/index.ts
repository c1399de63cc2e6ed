export {
  openPrivateDirectory,
  type OpenPrivateDirectoryOptions,
  type PrivateDirectory,
} from './private-directory.ts'
export { assertLocalFileSystem, networkFileSystemOfType, type FileSystemPolicy } from './file-system.ts'
export { readPrivateFile, writeNewFile } from './private-file.ts'
export { createFile, linkNew, removeQuietly } from './create-file.ts'
export { createDirectory } from './create-directory.ts'
export { createProcessToken, hasProcessEnded, TOKEN_PATTERN } from './process-token.ts'
export { syncDirectory } from './sync-directory.ts'
export { formatCheckedText, parseCheckedText, type CheckedText, type TextFormat } from './checked-text.ts'
export { createTurns, type Turn, type TurnFiles, type Turns } from './turn.ts'
export { systemCode, toFileError, unusable, withFileErrors } from './file-error.ts'
