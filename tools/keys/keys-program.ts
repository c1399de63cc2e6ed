import { Command, CommanderError } from 'commander'
import { ControlMistake, createAskControl, type Answer, type ControlAddress } from './control-listener.ts'
import { formatKeys, formatPlan, formatRevocation, formatRotation } from './format-answers.ts'

/** Where the program gets what it needs and puts what it has to say. */
export interface KeysProgramIo {
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
}

interface SharedOptions extends ControlAddress {
  readonly json?: boolean
}

/**
 * Runs one command about the keys of an issuer, through its control listener, and gives the exit code: 0, 1 when the
 * issuer refused or cannot be reached, 78 for a mistake in the arguments or the admin-token file.
 */
export async function runKeysProgram(argv: readonly string[], io: KeysProgramIo): Promise<number> {
  const program = new Command('keys')
    .description('Shows and changes the keys of a running issuer.')
    .exitOverride()
    .configureOutput({ writeOut: io.write, writeErr: io.writeError })
  const shared = (command: Command) =>
    command
      .option('--control-url <url>', 'control listener, or unix:<path>', 'http://127.0.0.1:7124')
      .option('--admin-token-file <file>', 'the first token of the file is used', './data/admin-token')
      .option('--json', 'print what the issuer answered')
  const show = (options: SharedOptions, answer: Answer, format: (answer: Answer) => string) =>
    io.write(options.json === true ? `${JSON.stringify(answer, undefined, 2)}\n` : format(answer))
  const ask = (options: SharedOptions, path: string, method?: string, body?: Answer) =>
    createAskControl(options)(path, method, body)

  shared(program.command('list'))
    .description('Lists the published keys with their states and dates.')
    .action(async (options: SharedOptions) => show(options, await ask(options, '/v1/keys'), formatKeys))
  shared(program.command('plan'))
    .description('Shows what happens to the keys next, and why it is safe.')
    .action(async (options: SharedOptions) => show(options, await ask(options, '/v1/keys/plan'), formatPlan))
  shared(program.command('rotate'))
    .description('Publishes the next key, or lets it sign once verifiers know it.')
    .option('--force', 'let it sign at once; verifiers that do not know it yet refuse its tokens')
    .option('--expected-active-kid <kid>', 'do nothing when another key signs, so that a retry is harmless')
    .action(async (options: SharedOptions & { force?: boolean; expectedActiveKid?: string }) => {
      const body = {
        ...(options.force === true && { force: true }),
        ...(options.expectedActiveKid !== undefined && { expected_active_kid: options.expectedActiveKid }),
      }
      show(options, await ask(options, '/v1/keys/rotate', 'POST', body), formatRotation)
    })
  shared(program.command('revoke'))
    .description('Takes a key out at once, for good: for one that leaked.')
    .argument('<kid>', 'the ID of the key')
    .option('--reason <text>', 'kept in the history of the keys')
    .action(async (kid: string, options: SharedOptions & { reason?: string }) => {
      const body = options.reason === undefined ? {} : { reason: options.reason }
      const path = `/v1/keys/${encodeURIComponent(kid)}/revoke`
      show(options, await ask(options, path, 'POST', body), formatRevocation)
    })
  shared(program.command('remove'))
    .description('Removes a retired key before its time, or one of an adopted cluster.')
    .argument('<kid>', 'the ID of the key')
    .option('--force', 'also while tokens of it may be alive; verifiers refuse those then')
    .action(async (kid: string, options: SharedOptions & { force?: boolean }) => {
      const query = options.force === true ? '?force=true' : ''
      const answer = await ask(options, `/v1/keys/${encodeURIComponent(kid)}${query}`, 'DELETE')
      show(options, answer, () => `removed ${kid}\n`)
    })

  try {
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    // Commander has printed it: help is no failure.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 78
    const message = error instanceof Error ? error.message : String(error)
    for (const line of message.split('\n')) io.writeError(`keys: ${line}\n`)
    return error instanceof ControlMistake ? 78 : 1
  }
}
