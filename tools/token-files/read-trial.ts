import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { sandboxDirectoryName } from '@workload-identity/core'
import { createTokenFileKeeper } from '@workload-identity/runner'
import { createTestSource, createVirtualTime } from '@workload-identity/runner/testing'

/** How a trial goes. */
export interface ReadTrialOptions {
  /** An empty folder. */
  readonly folder: string
  /** After how many refreshes it ends. */
  readonly refreshes: number
  readonly files: number
  readonly writeInPlace?: boolean
  /** Numbers from 0 up to but not including 1, for when the issuer is away. */
  readonly random: () => number
}

/** What a reader saw. */
export interface Sightings {
  readonly reads: number
  /** Reads that gave another text than the one before. */
  readonly changes: number
  readonly missing: number
  readonly empty: number
  /** Texts that are no whole token. */
  readonly torn: number
  /** Whole tokens whose life was over. */
  readonly expired: number
}

/** What a trial gave. */
export interface ReadTrial {
  readonly refreshed: number
  /** Times the issuer was away for half of a life. */
  readonly outages: number
  readonly seen: Sightings
}

const LIFE = 60

/**
 * Lets a keeper refresh files on the disk while a process of its own reads them in a loop. Tokens live for a minute of a
 * time that passes as fast as the disk allows; between, the issuer is away for half of a life again and again. The reader
 * sees the time through a file that is never ahead of the keeper.
 */
export async function runReadTrial(options: ReadTrialOptions): Promise<ReadTrial> {
  const { folder, refreshes, files, writeInPlace = false, random } = options
  const directory = join(folder, 'tokens')
  const time = createVirtualTime()
  const source = createTestSource(time.clock)
  const keeper = createTokenFileKeeper({
    ...{ directory, writeInPlace, random },
    proxy: source,
    ...time,
  })
  const ids = Array.from({ length: files }, (_, at) => `sandbox-${at}`)
  const settle = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    // The processor is for the disk and the reader meanwhile.
    while (keeper.state().refreshing > 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const pass = async (milliseconds: number) => {
    await time.pass(milliseconds, settle)
    writeFileSync(join(folder, 'clock.new'), String(time.clock()))
    renameSync(join(folder, 'clock.new'), join(folder, 'clock'))
  }

  const passInSteps = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 1) await pass(1000)
  }

  await keeper.start()
  source.publish(ids.map((sandbox_id) => ({ sandbox_id, token_files: [{ name: 'token', ttl: LIFE }] })))
  while (keeper.state().without > 0 || keeper.state().files < files) await pass(1000)
  const paths = await Promise.all(
    ids.map(async (id) => join(directory, await sandboxDirectoryName(id), 'token')),
  )
  const reader = await startReader([join(folder, 'clock'), ...paths])
  let outages = 0
  while (keeper.state().refreshed < refreshes) {
    // Long enough for the retries that an outage leaves behind.
    await passInSteps(10 + Math.floor(random() * 4 * LIFE))
    source.failWith(new Error('the issuer is away'))
    await passInSteps(LIFE / 2)
    source.failWith(undefined)
    outages += 1
  }
  const { refreshed } = keeper.state()
  await keeper.stop()
  return { refreshed, outages, seen: await reader.end() }
}

async function startReader(args: readonly string[]) {
  const program = fileURLToPath(new URL('reader.ts', import.meta.url))
  const flags = ['--conditions=@workload-identity/source', '--disable-warning=ExperimentalWarning']
  const child = spawn(process.execPath, [...flags, program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const line = await lines.next()
    if (line.done === true) throw new Error('the reader ended before its time')
    return line.value
  }
  await next()
  return {
    async end(): Promise<Sightings> {
      child.stdin.end()
      const seen = JSON.parse(await next()) as Sightings
      await exited
      return seen
    },
  }
}
