import type { TokenFolder } from '../token-files/token-folder.ts'

/** Token files in memory. */
export interface MemoryFolder extends TokenFolder {
  /** What there is, by `<folder>/<name>`. */
  readonly files: Map<string, string>
}

/** Makes a {@link MemoryFolder} without files. */
export function createMemoryFolder(): MemoryFolder {
  const files = new Map<string, string>()
  const pathOf = (folder: string, name: string) => `${folder}/${name}`
  return {
    files,
    pathOf,
    open: async () => undefined,
    async look(folder) {
      const prefix = pathOf(folder, '')
      return [...files]
        .filter(([path]) => path.startsWith(prefix))
        .map(([path, text]) => ({ name: path.slice(prefix.length), text }))
    },
    async write(folder, name, text) {
      files.set(pathOf(folder, name), text)
    },
    removeFile: async (folder, name) => files.delete(pathOf(folder, name)),
    async remove(folder) {
      const paths = [...files.keys()].filter((path) => path.startsWith(pathOf(folder, '')))
      return paths.map((path) => files.delete(path)).length > 0
    },
  }
}
