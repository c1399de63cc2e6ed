import type { TokenFileEvent } from './keeper-options.ts'

/** What the issuer said is to go: one file of a sandbox, or without a name all of them. */
export interface Removal {
  readonly sandboxId: string
  readonly name?: string
}

/** What is to be removed and is not yet. */
export interface FileRemovals {
  /** Removes it; what fails is tried again by {@link FileRemovals.retry}. */
  begin(removal: Removal): Promise<void>
  /** The sandbox or the file is wanted again: what is left of it is no longer to go. */
  callOff(sandboxId: string, name?: string): void
  /** Tries once more what failed. */
  retry(): Promise<void>
  size(): number
}

/**
 * Makes {@link FileRemovals}.
 *
 * @param remove does one, unless it is no longer to be done when its turn comes, and gives whether there was anything.
 */
export function createFileRemovals(
  remove: (removal: Removal, isWanted: () => boolean) => Promise<boolean>,
  onEvent: (event: TokenFileEvent) => void,
): FileRemovals {
  const open = new Map<string, Removal>()

  const attempt = async (key: string, removal: Removal) => {
    const { sandboxId: sandbox_id, name } = removal
    const what = { sandbox_id, ...(name !== undefined && { name }) }
    const isWanted = () => open.get(key) === removal
    let wasThere: boolean
    try {
      wasThere = await remove(removal, isWanted)
    } catch (error) {
      if (isWanted()) onEvent({ type: 'removal-failed', ...what, error })
      return
    }
    if (!isWanted()) return
    open.delete(key)
    if (wasThere) onEvent({ type: 'removed', ...what })
  }
  return {
    async begin(removal) {
      const key = keyOf(removal.sandboxId, removal.name)
      open.set(key, removal)
      await attempt(key, removal)
    },
    callOff(sandboxId, name) {
      open.delete(keyOf(sandboxId, name))
    },
    async retry() {
      for (const [key, removal] of [...open]) await attempt(key, removal)
    },
    size: () => open.size,
  }
}

// No identifier and no name holds a space, and no name is empty.
function keyOf(sandboxId: string, name = ''): string {
  return `${sandboxId} ${name}`
}
