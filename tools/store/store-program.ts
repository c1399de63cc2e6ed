import { Command, CommanderError } from 'commander'
import { runCheck } from './check-command.ts'
import { runCopy } from './copy-command.ts'
import { runExport } from './export-command.ts'
import { addStoreOptions, readNamedStore, type StoreText } from './store-options.ts'

/** The program; `run` gives its exit code. */
export interface StoreProgram {
  /** @throws {StoreCommandError} when a command cannot be carried out. */
  run(argv: readonly string[]): Promise<number>
}

/** Makes the program. `env` may name stores whose URL holds a password. */
export function createStoreProgram(env: Readonly<Record<string, string | undefined>>): StoreProgram {
  const program = new Command('store').description('Deals with whole stores of issuers.').exitOverride()
  let exitCode = 0
  const textOf = (argument: string | undefined, variable: string): StoreText => ({ argument, variable, env })
  const shared = (command: Command) =>
    command
      .option('--cluster-id <id>', 'whose ring it is, in a Redis that clusters share')
      .option('--allow-network-fs', 'accept a network file system')

  const copy = shared(program.command('copy'))
    .description(
      'Copies keys and registry into an empty store of any engine. Run it again after an interruption.',
    )
    .option('--from <store>', 'file:<dir>, sqlite:<path>, redis://… or rediss://…; or WID_STORE_FROM')
    .option('--to <store>', 'the same; or WID_STORE_TO')
    .option('--prepare', 'copy records only, ahead of a later copy that then takes less time')
    .option('--allow-volatile-store', 'accept a Redis that deletes keys when its memory is full')
    .option('--to-unsealed', 'accept a target that is not sealed though the source is')
    .option('--json', 'print the result as JSON')
  addStoreOptions(addStoreOptions(copy, 'from-'), 'to-').action(
    async (values: Readonly<Record<string, unknown>> & { readonly from?: string; readonly to?: string }) => {
      const from = await readNamedStore(textOf(values.from, 'WID_STORE_FROM'), 'from-', values)
      const to = await readNamedStore(textOf(values.to, 'WID_STORE_TO'), 'to-', values)
      await runCopy({
        ...{ from, to, asJson: values['json'] === true, prepareOnly: values['prepare'] === true },
        allowVolatile: values['allowVolatileStore'] === true,
        allowUnsealed: values['toUnsealed'] === true,
      })
    },
  )

  const check = shared(program.command('check'))
    .description(
      'Looks at a whole store without changing it. Exit code: 0 all of it was looked at; 1 something is a problem; 2 something could not be opened, such as a sealed ring without its key; 78 a mistake in the arguments.',
    )
    .argument('[store]', 'file:<dir>, sqlite:<path>, redis://… or rediss://…; or WID_STORE')
    .option('--json', 'print the report as JSON')
  addStoreOptions(check, '').action(
    async (argument: string | undefined, values: Readonly<Record<string, unknown>>) => {
      const store = await readNamedStore(textOf(argument, 'WID_STORE'), '', values)
      exitCode = await runCheck(store, values['json'] === true)
    },
  )

  const exporting = shared(program.command('export'))
    .description('Writes what is public of a store: jwks.json and history.json.')
    .argument('[store]', 'file:<dir>, sqlite:<path>, redis://… or rediss://…; or WID_STORE')
    .requiredOption('--public', 'only what is public; there is no export of private keys')
    .option('--out <folder>', 'where to write the files', '.')
  addStoreOptions(exporting, '').action(
    async (argument: string | undefined, values: Readonly<Record<string, unknown>> & { out: string }) => {
      const store = await readNamedStore(textOf(argument, 'WID_STORE'), '', values)
      await runExport(store, values.out)
    },
  )

  return {
    async run(argv) {
      try {
        await program.parseAsync([...argv], { from: 'user' })
        return exitCode
      } catch (error) {
        // Commander has printed it: help and version are no failures.
        if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 78
        throw error
      }
    },
  }
}
