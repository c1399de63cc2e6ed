/*
 * A workload that reads its token files again and again, as fast as it can, until its input ends; then it prints what it
 * saw. A process of its own: node reader.ts <clock file> <token file> …
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { readWholeToken } from '@workload-identity/runner/testing'
import type { Sightings } from './read-trial.ts'

const [clockFile = '', ...paths] = process.argv.slice(2)
const seen = { reads: 0, changes: 0, missing: 0, empty: 0, torn: 0, expired: 0 } satisfies Sightings
const last = new Map<string, string>()
const buffer = Buffer.alloc(64 * 1024)

/** What the file holds, read as most programs do: opened by its name, and read at once. */
function read(path: string): string | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    return buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0))
  } finally {
    closeSync(file)
  }
}

function look(path: string): void {
  // The clock first: it has not gone back when the file is read.
  const now = Number(readFileSync(clockFile, 'latin1'))
  const text = read(path)
  seen.reads += 1
  if (text !== undefined && text !== last.get(path)) {
    seen.changes += 1
    last.set(path, text)
  }
  const token = readWholeToken(text ?? '')
  if (text === undefined) seen.missing += 1
  else if (text === '') seen.empty += 1
  else if (token === undefined) seen.torn += 1
  else if (now >= token.exp) seen.expired += 1
}

process.stdin.resume()
process.stdout.write('begun\n')
while (!process.stdin.readableEnded) {
  for (let round = 0; round < 20; round += 1) for (const path of paths) look(path)
  await new Promise((resolve) => setImmediate(resolve))
}
process.stdout.write(`${JSON.stringify(seen)}\n`)
