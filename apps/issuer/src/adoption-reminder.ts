import { createPeriodicTask, type PeriodicTask } from '@workload-identity/service'
import type { Logger } from 'pino'
import { listKeyFiles } from './adopt-keys-folder.ts'

/** What {@link createAdoptionReminder} needs. */
export interface AdoptionReminderDependencies {
  /** The folder the keys came from. */
  readonly folder: string
  readonly logger: Logger
  readonly everyMs: number
}

/** Reminds of private keys that lie about after they were adopted. */
export interface AdoptionReminder extends PeriodicTask {
  /** How many of their files are still there; `undefined` when that cannot be told. */
  countFiles(): number | undefined
}

/**
 * Makes an {@link AdoptionReminder}: warns at the start and then every `everyMs` while files with private keys are in the
 * folder. It only looks for them, and a folder that cannot be looked at is reminded of, too.
 */
export function createAdoptionReminder({
  folder,
  logger,
  everyMs,
}: AdoptionReminderDependencies): AdoptionReminder {
  const findFiles = (): readonly string[] => {
    const { primary, verifyOnly } = listKeyFiles(folder)
    return primary === undefined ? verifyOnly : [primary, ...verifyOnly]
  }
  const remind = () => {
    try {
      const files = findFiles()
      if (files.length === 0) {
        logger.info({ folder }, 'no adopted key is left in its old folder: --adopt-keys can go')
      } else {
        logger.warn(
          { folder, files },
          'adopted private keys are still in their old folder: remove the files once no old issuer needs them',
        )
      }
    } catch (err) {
      logger.warn({ folder, err }, 'cannot see whether adopted private keys are still in their old folder')
    }
  }
  const task = createPeriodicTask({ run: async () => remind(), everyMs })
  return {
    ...task,
    start() {
      remind()
      task.start()
    },
    countFiles() {
      try {
        return findFiles().length
      } catch {
        return undefined
      }
    },
  }
}
