import { createInterface } from 'node:readline'

/** Verifies each token that comes as a line on standard input, and answers with a line: `ok`, or why not. */
export async function answerLines(verify: (token: string) => Promise<unknown>): Promise<void> {
  for await (const token of createInterface({ input: process.stdin })) {
    const answer = await verify(token).then(
      () => 'ok',
      (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : 'failed'),
    )
    process.stdout.write(`${answer.replaceAll('\n', ' ')}\n`)
  }
}
