export { bundleProgram } from './bundle-program.ts'
export { crashRegistry, crashRegistryAtEveryStep } from './crash-registry.ts'
export {
  crashSaverAtEveryStep,
  crashSavers,
  type CrashOptions,
  type RandomCrashOptions,
} from './crash-savers.ts'
export {
  interceptFileSystem,
  killAtFileSystemStep,
  systemError,
  type FileSystemStep,
} from './file-system-steps.ts'
export { raceFirstBoots, raceSavers, type RaceOptions } from './race-savers.ts'
export { raceRegistry } from './race-registry.ts'
export { createSeededRandom, type SeededRandom } from './seeded-random.ts'
export {
  importTrialStorage,
  type Opened,
  type TrialReport,
  type TrialServer,
  type TrialStorage,
} from './trial-storage.ts'
