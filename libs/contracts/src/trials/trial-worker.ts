import { flushCompileCache } from 'node:module'
import { argv, exit } from 'node:process'
import { changeOnce, changeUntilKilled, raceInRegistry } from './registry-tasks.ts'
import { bootFirst, saveMany, saveOnce } from './saver-tasks.ts'
import type { TrialStorage } from './trial-storage.ts'
import type { TrialTask } from './trial-task.ts'

/** What a process of a trial does: the task that its only argument is as JSON, with a storage. Then it ends. */
export async function doTrialTask(storage: TrialStorage): Promise<never> {
  const [, , text = ''] = argv
  const task = JSON.parse(text) as TrialTask
  // Most of these processes are killed, before Node would do that by itself.
  flushCompileCache()

  switch (task.task) {
    case 'save':
      await saveMany(storage, task)
      break
    case 'first-boot':
      await bootFirst(storage, task)
      break
    case 'save-once':
      await saveOnce(storage, task)
      break
    case 'registry-race':
      await raceInRegistry(storage, task)
      break
    case 'registry-change':
      await changeUntilKilled(storage, task)
      break
    case 'change-once':
      await changeOnce(storage, task)
      break
  }
  exit(0)
}
