/** What a process of a trial is told to do. */
export type TrialTask =
  SaveTask | FirstBootTask | SaveOnceTask | RegistryRaceTask | RegistryChangeTask | ChangeOnceTask

/** Saves until it has done so `saves` times. */
export interface SaveTask {
  readonly task: 'save'
  readonly location: string
  /** Which process it is; part of every `write_id`. */
  readonly name: string
  readonly saves: number
  readonly seed: number
}

/** At every message `{ boot: location }` does what an issuer does that finds a store empty. */
export interface FirstBootTask {
  readonly task: 'first-boot'
  readonly name: string
}

/** Saves once, and dies before step `killAtStep` of that. */
export interface SaveOnceTask {
  readonly task: 'save-once'
  readonly location: string
  readonly killAtStep: number
}

/** At every message `{ round }` changes what all others change too. */
export interface RegistryRaceTask {
  readonly task: 'registry-race'
  readonly location: string
  readonly name: string
}

/** Registers, replaces and ends sandboxes until it is killed. */
export interface RegistryChangeTask {
  readonly task: 'registry-change'
  readonly location: string
  readonly seed: number
}

/** Makes one change of a registry, and dies before step `killAtStep` of that. */
export interface ChangeOnceTask {
  readonly task: 'change-once'
  readonly location: string
  readonly change: RegistryChange
  readonly killAtStep: number
}

/** A change of a sandbox; `serial` makes its record and its secrets. */
export interface RegistryChange {
  readonly kind: 'register' | 'replace' | 'end'
  readonly sandbox_id: string
  readonly serial: number
}

/** What the processes of savers send. */
export type SaverMessage =
  | { readonly saving: Version }
  | { readonly saved: Version }
  | { readonly conflicts: number; readonly saves: number }

/** What a process sends of a first boot. */
export interface BootMessage {
  readonly boot: string
  readonly won: boolean
  /** The ring it goes on with. */
  readonly found: Version
}

/** What a process sends of a round of a registry race. */
export interface RoundMessage {
  readonly round: number
  /** What it was told succeeded. */
  readonly won: readonly RegistryFeat[]
}

/** Something that exactly one process of a round may achieve; `count` counts replacements, which all may. */
export type RegistryFeat = 'id' | 'secret' | 'end' | 'count'

/** What a process sends of its changes. */
export type ChangeMessage = { readonly doing: RegistryChange } | { readonly done: RegistryChange }

/** Which ring. */
export interface Version {
  readonly generation: number
  readonly write_id: string
  /** The `write_id` of the ring it replaces, of a save. */
  readonly over?: string
}
