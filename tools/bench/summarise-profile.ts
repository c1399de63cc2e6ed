/** The parts of a `.cpuprofile` that are read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** The node that was running at each sample. */
  readonly samples: readonly number[]
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly children?: readonly number[]
}

/** A part of the work: its name and where its functions are; the first one that fits counts. */
const parts: readonly (readonly [string, { readonly file?: RegExp; readonly function?: RegExp }])[] = [
  ['start', { file: /internal\/(modules|bootstrap|main)|amaro|cjs-module-lexer/ }],
  ['log line', { file: /pino|sonic-boom|logging|redact/ }],
  ['metrics', { file: /prom-client|metrics/ }],
  ['store look-up', { file: /registry\/|driver\/|better-sqlite3|observe-store/ }],
  ['handing signatures to the thread pool', { file: /^node:internal\/crypto\/util$/, function: /^$/ }],
  ['core and WebCrypto', { file: /internal\/crypto|core\/src|jose/ }],
  ['writing answers to sockets', { function: /^write(v|Buffer|Latin1String|Utf8String|String)$/ }],
  ['rules and routes of the transport', { file: /transport\/http/ }],
  ['Fastify', { file: /fastify|find-my-way/ }],
  ['node:http, streams, timers', { file: /^node:/ }],
]

/** One part and its share of the time in which the main thread was not idle, without the start. */
export interface ProfileShare {
  readonly part: string
  readonly share: number
}

/** Says where the time of a profile went, the largest part first. */
export function summariseProfile({ nodes, samples, timeDeltas }: CpuProfile): readonly ProfileShare[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])))
  const times = new Map<string, number>()
  samples.forEach((id, index) => {
    const part = partOf(id, byId, parents)
    if (part !== undefined) times.set(part, (times.get(part) ?? 0) + (timeDeltas[index] ?? 0))
  })
  times.delete('start')
  const total = [...times.values()].reduce((sum, time) => sum + time, 0)
  return [...times]
    .map(([part, time]) => ({ part, share: time / total }))
    .sort((one, other) => other.share - one.share)
}

/** The part of the function at the top, or else of the nearest caller that belongs to one. */
function partOf(
  sampled: number,
  byId: ReadonlyMap<number, ProfileNode>,
  parents: ReadonlyMap<number, number>,
): string | undefined {
  const top = byId.get(sampled)?.callFrame.functionName
  if (top === '(idle)') return undefined
  if (top === '(garbage collector)') return 'garbage collection'
  for (let id: number | undefined = sampled; id !== undefined; id = parents.get(id)) {
    const frame = byId.get(id)?.callFrame
    if (frame === undefined) break
    const found = parts.find(
      ([, where]) =>
        (where.file === undefined || where.file.test(frame.url)) &&
        (where.function === undefined || where.function.test(frame.functionName)),
    )
    if (found !== undefined) return found[0]
  }
  return 'other'
}
