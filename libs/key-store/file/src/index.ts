export { createFileKeyStore, type FileKeyStoreOptions } from './file-key-store.ts'
