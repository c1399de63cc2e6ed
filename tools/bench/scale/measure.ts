import { startScaleIssuer, type ScaleIssuer } from './issuer.ts'

/** What an issuer with so many sandboxes does, as measured. Times are medians in milliseconds. */
export interface ScaleRow {
  readonly store: string
  readonly sandboxes: number
  readonly registered_per_second: number
  readonly start_ms: number
  readonly mint_ms: number
  readonly page_ms: number
  readonly end_ms: number
  readonly memory_mib: number
}

const BATCH = 1000
/** Batches under way at once while loading. */
const LOADERS = 4
/** How often each operation is measured, one at a time. */
const SAMPLES = 1000
/** How often the issuer is started on what is there. */
const STARTS = 5

/**
 * Registers `count` sandboxes, starts the issuer again on what is there, and measures it: start, mints of sandboxes
 * from everywhere, the whole list by pages, ends.
 *
 * @throws when the list does not hold each sandbox once, or an answer is not 2xx.
 */
export async function measureScale(
  options: { readonly store: string; readonly url: string; readonly folder: string; readonly count: number },
  onProgress: (text: string) => void,
): Promise<ScaleRow> {
  const { store, url, folder, count } = options
  const first = await startScaleIssuer(folder, url)
  const loadStarted = performance.now()
  const secrets = await load(first, count, onProgress)
  const registered_per_second = Math.round(count / ((performance.now() - loadStarted) / 1000))
  const afterLoad = first.memory()
  await first.stop()

  const starts: number[] = []
  for (let start = 1; start < STARTS; start += 1) {
    const started = await startScaleIssuer(folder, url)
    starts.push(started.startMs)
    await started.stop()
  }
  const issuer = await startScaleIssuer(folder, url)
  const start_ms = Math.round(medianOf([...starts, issuer.startMs]))
  try {
    const sample = [...secrets]
    for (const [, secret] of sample.slice(0, 100)) await issuer.mint(secret)
    const mint_ms = await median(sample, ([, secret]) => issuer.mint(secret))
    onProgress('listing')
    const page_ms = await listAll(issuer, count)
    const end_ms = await median(sample, ([id]) =>
      issuer.control(`/v1/sandboxes/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    )
    const memory_mib = Math.max(afterLoad, issuer.memory())
    return { store, sandboxes: count, registered_per_second, start_ms, mint_ms, page_ms, end_ms, memory_mib }
  } finally {
    await issuer.stop()
  }
}

/** Registers sandboxes in batches and keeps some of them, spread evenly, with their secrets. */
async function load(
  issuer: ScaleIssuer,
  count: number,
  onProgress: (text: string) => void,
): Promise<ReadonlyMap<string, string>> {
  const kept = new Map<string, string>()
  const keepEvery = Math.max(1, Math.floor(count / SAMPLES))
  let next = 0
  const work = async () => {
    while (next < count) {
      const start = next
      next += BATCH
      const size = Math.min(BATCH, count - start)
      const sandboxes = Array.from({ length: size }, (_, index) => ({
        sandbox_id: `billing-${String(start + index).padStart(8, '0')}`,
        app: 'billing',
      }))
      const { results } = (await issuer.control('/v1/sandbox-batches', {
        method: 'POST',
        body: { sandboxes },
      })) as unknown as { results: readonly { sandbox_id: string; secret?: string }[] }
      for (const [index, { sandbox_id, secret }] of results.entries()) {
        if (secret === undefined) throw new Error(`${sandbox_id} was not registered`)
        if ((start + index) % keepEvery === 0) kept.set(sandbox_id, secret)
      }
      if (start % 100_000 === 0) onProgress(`${start} registered`)
    }
  }
  await Promise.all(Array.from({ length: LOADERS }, work))
  return kept
}

async function listAll(issuer: ScaleIssuer, count: number): Promise<number> {
  const times: number[] = []
  let found = 0
  for (let after = ''; ;) {
    const query = after === '' ? '' : `&after=${encodeURIComponent(after)}`
    const started = performance.now()
    const page = await issuer.control(`/v1/sandboxes?limit=1000${query}`)
    times.push(performance.now() - started)
    const { items, next } = page as unknown as { items: readonly unknown[]; next: string | null }
    found += items.length
    if (next === null) break
    after = next
  }
  if (found !== count) throw new Error(`the list has ${found} sandboxes, not ${count}`)
  return medianOf(times)
}

async function median<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (const item of items) {
    const started = performance.now()
    await work(item)
    times.push(performance.now() - started)
  }
  return medianOf(times)
}

function medianOf(times: readonly number[]): number {
  const sorted = [...times].sort((left, right) => left - right)
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) * 100) / 100
}
