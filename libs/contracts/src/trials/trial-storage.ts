import type { KeyStore } from '@workload-identity/core'
import type { RegistryHandles } from '../registry-harness.ts'

/** A handle that trials opened and close. */
export interface Opened<T> {
  readonly handle: T
  close(): Promise<void>
}

/** A server that the storages of a module live in. */
export interface TrialServer {
  /** Kills it with SIGKILL, which is sent before this returns, and starts it again on what it left; resolves when it answers. */
  crash(): Promise<void>
  /** Ends it and removes what it kept. */
  stop(): Promise<void>
}

/**
 * What a module exports, each as a named function, so that trials can open its storage in processes of their own. A `location` is
 * a path that does not exist yet, in a folder that does, and stands for one storage: a store that is no file derives a name from it.
 */
export interface TrialStorage {
  openKeyStore?(location: string): Promise<Opened<KeyStore>>
  openRegistry?(location: string, registryId: () => string): Promise<Opened<RegistryHandles>>
  /**
   * From now on this process kills itself right before the step `step` (from 1) of what changes its storage. A trial tries 1, 2, … until
   * a process survives.
   */
  killAtStep?(step: number): Promise<void>
  /** Starts the server for what this process, and those it starts from now on, open. Absent where storages live in files. */
  startServer?(): Promise<TrialServer>
}

/** What a trial did and found. No problems means that everything it tried kept its promise. */
export interface TrialReport {
  /** How many times it was tried: saves, boots, kills, … as the trial says. */
  readonly tried: number
  readonly problems: readonly string[]
}

/** The storage whose module is at that `file:` URL. */
export async function importTrialStorage(module: string): Promise<TrialStorage> {
  return (await import(module)) as TrialStorage
}

/** The handles that `open` gives, when the module has that function. */
export function required<T>(open: T | undefined, name: string): T {
  if (open === undefined) throw new TypeError(`the trial storage does not export ${name}`)
  return open
}
