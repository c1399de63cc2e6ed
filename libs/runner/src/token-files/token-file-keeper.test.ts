import { describe, expect, it } from 'vitest'
import { createRandom } from '../testing/random.ts'
import { createMemoryFolder, createTestSource, createVirtualTime, readWholeToken } from '../testing/index.ts'
import { folderNameOf } from './folder-name.ts'
import type { TokenFileEvent, TokenFileKeeperOptions } from './keeper-options.ts'
import { createTokenFileKeeper } from './token-file-keeper.ts'

const HOUR = 3_600_000
const outage = new Error('the issuer is away')

async function setUp(options: Partial<TokenFileKeeperOptions> = {}, folder = createMemoryFolder()) {
  const time = createVirtualTime()
  const source = createTestSource(time.clock)
  const events: TokenFileEvent[] = []
  const begin = async () => {
    const keeper = createTokenFileKeeper({
      directory: '/nowhere',
      proxy: source,
      ...time,
      folder,
      random: createRandom(1),
      onEvent: (event) => events.push(event),
      ...options,
    })
    await keeper.start()
    return keeper
  }
  const keeper = await begin()
  const read = async (sandboxId: string, name = 'token') => {
    const text = folder.files.get(`${folderNameOf(sandboxId)}/${name}`)
    return text === undefined ? undefined : readWholeToken(text)
  }
  const typesOf = (sandboxId: string) =>
    events.filter((event) => event.sandbox_id === sandboxId).map(({ type }) => type)
  return { time, source, events, folder, keeper, begin, read, typesOf }
}

describe('createTokenFileKeeper', () => {
  it('writes the files of a list, each with its audience and life', async () => {
    const { time, source, folder, read, keeper } = await setUp()
    source.publish([
      { sandbox_id: 'a' },
      {
        sandbox_id: 'b',
        app: 'bank',
        token_files: [
          { name: 'aws', audience: 'sts', ttl: 900 },
          { name: 'gcp', audience: ['x', 'y'] },
        ],
      },
      { sandbox_id: 'c', token_files: [] },
    ])
    await time.pass(1000)
    expect(folder.files.size).toBe(3)
    expect(await read('a')).toMatchObject({ sandbox_id: 'a', audiences: ['https://issuer.example'] })
    const aws = await read('b', 'aws')
    expect(aws).toMatchObject({ sandbox_id: 'b', app: 'bank', audiences: ['sts'] })
    expect((aws?.exp ?? 0) - (aws?.iat ?? 0)).toBe(900)
    expect(await read('b', 'gcp')).toMatchObject({ audiences: ['x', 'y'] })
    expect(source.calls()).toBe(1)
    expect(keeper.state()).toStrictEqual({
      ...{ sandboxes: 3, files: 3, refreshed: 3, failures: 0, removals: 0 },
      ...{ refreshing: 0, failing: 0, without: 0 },
    })
  })

  it('refreshes a file between 45 % and 48 % of its life, again and again', async () => {
    const { time, source, keeper } = await setUp()
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(0.44 * HOUR)
    expect(keeper.state().refreshed).toBe(1)
    await time.pass(0.05 * HOUR)
    expect(keeper.state().refreshed).toBe(2)
    await time.pass(10 * HOUR)
    // 10.49 hours by 0.45 to 0.48.
    expect(keeper.state().refreshed).toBeGreaterThanOrEqual(22)
    expect(keeper.state().refreshed).toBeLessThanOrEqual(24)
  })

  it('keeps the last token through an outage of half a life, wherever it begins, and none expires', async () => {
    for (let minute = 1; minute <= 40; minute += 3) {
      const { time, source, keeper, read } = await setUp()
      source.publish([{ sandbox_id: 'a' }, { sandbox_id: 'b', token_files: [{ name: 'short', ttl: 60 }] }])
      const begin = minute * 60_000 + 333
      await time.pass(begin)
      source.failWith(outage)
      let withoutLife = 0
      const watch = async (until: number, file: readonly [string, string?]) => {
        for (let passed = 0; passed < until; passed += 250) {
          await time.pass(250)
          const exp = (await read(...file))?.exp ?? 0
          if (exp <= time.clock()) withoutLife += 1
        }
      }
      await watch(30_000, ['b', 'short'])
      source.failWith(undefined)
      await watch(5000, ['b', 'short'])
      source.failWith(outage)
      await time.pass(0.5 * HOUR - 5000)
      source.failWith(undefined)
      await watch(60_000, ['a'])
      expect(withoutLife, `outage at minute ${minute}`).toBe(0)
      expect(keeper.state()).toMatchObject({ failing: 0, without: 0 })
    }
  })

  it('leaves every file for an empty list and for errors of any kind, and removes it when it is listed as ended', async () => {
    const { time, source, folder, typesOf, read, keeper } = await setUp()
    source.publish([{ sandbox_id: 'a' }, { sandbox_id: 'b' }])
    await time.pass(1000)
    source.publish([])
    await time.pass(HOUR)
    // The issuer still gives tokens for them, whatever the list said.
    expect(keeper.state()).toMatchObject({ files: 2, without: 0 })
    source.failWith(outage)
    await time.pass(3 * HOUR)
    expect(folder.files.size).toBe(2)
    expect((await read('a'))?.exp).toBeLessThan(time.clock())
    source.failWith(undefined)
    source.publish([{ sandbox_id: 'b' }], { ended: [{ sandbox_id: 'a', ended_at: time.clock() }] })
    await time.pass(1000)
    expect(await read('a')).toBeUndefined()
    expect((await read('b'))?.exp).toBeGreaterThan(time.clock())
    expect(typesOf('a').at(-1)).toBe('removed')
  })

  it('leaves a sandbox alone that no list has any more when its token is over, and takes it up when one has', async () => {
    const { time, source, keeper, read } = await setUp()
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(1000)
    source.publish([])
    source.failWith(new Error('it is not assigned'))
    await time.pass(2 * HOUR)
    expect(keeper.state()).toMatchObject({ sandboxes: 0, files: 0 })
    const asked = source.asked()
    await time.pass(HOUR)
    expect(source.asked()).toBe(asked)
    expect(await read('a')).toBeDefined()
    source.failWith(undefined)
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(1000)
    expect((await read('a'))?.exp).toBeGreaterThan(time.clock())
  })

  it('removes a file that a live sandbox lost, and writes one at once that is to hold other tokens', async () => {
    const { time, source, read, events } = await setUp()
    source.publish([{ sandbox_id: 'a', token_files: [{ name: 'x' }, { name: 'y', audience: 'one' }] }])
    await time.pass(1000)
    source.publish([{ sandbox_id: 'a', token_files: [{ name: 'y', audience: 'two' }, { name: 'z' }] }])
    await time.pass(1000)
    expect(await read('a', 'x')).toBeUndefined()
    expect(await read('a', 'y')).toMatchObject({ audiences: ['two'] })
    expect(await read('a', 'z')).toBeDefined()
    expect(events).toContainEqual({ type: 'removed', sandbox_id: 'a', name: 'x' })
  })

  it('keeps the last token of a file while the one that it is to hold cannot be had', async () => {
    const { time, source, keeper, read } = await setUp()
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(1000)
    source.failWith(outage)
    source.publish([{ sandbox_id: 'a', token_files: [{ name: 'token', audience: 'new' }] }])
    await time.pass(60_000)
    expect(keeper.state()).toMatchObject({ failing: 1, without: 0 })
    expect(await read('a')).toMatchObject({ audiences: ['https://issuer.example'] })
    source.failWith(undefined)
    await time.pass(30_000)
    expect(await read('a')).toMatchObject({ audiences: ['new'] })
  })

  it('leaves another sandbox of the same ID no token of the one before', async () => {
    const { time, source, read } = await setUp()
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(1000)
    source.failWith(outage)
    source.publish([{ sandbox_id: 'a', app: 'bank' }])
    await time.pass(1000)
    expect(await read('a')).toBeUndefined()
    source.failWith(undefined)
    await time.pass(30_000)
    expect(await read('a')).toMatchObject({ app: 'bank' })
  })

  it('writes the tokens of another sandbox of the same ID after those of the one before are gone', async () => {
    const folder = createMemoryFolder()
    const gate = Promise.withResolvers<undefined>()
    const { removeFile } = folder
    folder.removeFile = async (...file) => {
      await gate.promise
      return removeFile(...file)
    }
    const { time, source, read } = await setUp({}, folder)
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(1000)
    source.publish([{ sandbox_id: 'a', app: 'bank' }])
    await time.pass(1000)
    expect(await read('a')).toMatchObject({ app: 'shop' })
    gate.resolve(undefined)
    await time.pass(1000)
    expect(await read('a')).toMatchObject({ app: 'bank' })
  })

  it('removes no file that was written after its removal had failed', async () => {
    const folder = createMemoryFolder()
    const { removeFile } = folder
    folder.removeFile = async () => {
      throw new Error('busy')
    }
    const { time, source, read, keeper } = await setUp({}, folder)
    source.publish([{ sandbox_id: 'a', token_files: [{ name: 'x' }, { name: 'y' }] }])
    await time.pass(1000)
    source.publish([{ sandbox_id: 'a', token_files: [] }])
    await time.pass(1000)
    source.publish([{ sandbox_id: 'a', token_files: [{ name: 'x' }] }])
    await time.pass(1000)
    folder.removeFile = removeFile
    await time.pass(31_000)
    expect(await read('a', 'x')).toBeDefined()
    expect(await read('a', 'y')).toBeUndefined()
    expect(keeper.state()).toMatchObject({ removals: 0, files: 1 })
  })

  it('asks for no more than 400 tokens at the same time of an issuer that does not answer', async () => {
    const { time, source, keeper } = await setUp()
    const gate = Promise.withResolvers<undefined>()
    const { mint } = source
    source.mint = async (...request) => {
      const token = await mint(...request)
      await gate.promise
      return token
    }
    source.publish(Array.from({ length: 1000 }, (_, at) => ({ sandbox_id: `s${at}` })))
    await time.pass(60_000)
    expect(source.asked()).toBe(400)
    gate.resolve(undefined)
    await time.pass(10_000)
    expect(keeper.state()).toMatchObject({ refreshed: 1000, refreshing: 0 })
  })

  it('believes no end by another registry than the one it saw a sandbox in', async () => {
    const { time, source, read, typesOf } = await setUp()
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(1000)
    const ended = [{ sandbox_id: 'a', ended_at: 1 }]
    for (const runner_id of ['r1', 'r1']) source.publish([], { registry_id: 'other', ended, runner_id })
    await time.pass(1000)
    expect(await read('a')).toBeDefined()
    expect(typesOf('a')).toStrictEqual(['refreshed', 'end-doubted'])
  })

  it('writes nothing that the issuer gave before it ended the sandbox or changed the file', async () => {
    const { time, source, read, begin } = await setUp()
    await begin()
    const gate = Promise.withResolvers<undefined>()
    const { mint } = source
    source.mint = async (...request) => {
      const token = await mint(...request)
      await gate.promise
      return token
    }
    source.publish([
      { sandbox_id: 'a' },
      { sandbox_id: 'b', token_files: [{ name: 'token', audience: 'old' }] },
    ])
    await time.pass(1000)
    source.mint = mint
    const ended = [{ sandbox_id: 'a', ended_at: 1 }]
    source.publish([{ sandbox_id: 'b', token_files: [{ name: 'token', audience: 'new' }] }], { ended })
    await time.pass(1000)
    gate.resolve(undefined)
    await time.pass(1000)
    expect(await read('a')).toBeUndefined()
    expect(await read('b')).toMatchObject({ audiences: ['new'] })
  })

  it('takes over what an earlier run left, refreshes it when it is due, and what does not fit at once', async () => {
    const first = await setUp()
    const { time, source, folder, read } = first
    source.publish([
      { sandbox_id: 'kept' },
      { sandbox_id: 'lost', token_files: [{ name: 'x' }, { name: 'y' }] },
      { sandbox_id: 'changed' },
      { sandbox_id: 'other-app' },
      { sandbox_id: 'damaged' },
      { sandbox_id: 'ended' },
      { sandbox_id: 'absent' },
    ])
    await time.pass(600_000)
    await first.keeper.stop()
    const before = new Map(folder.files)
    folder.files.set(`${folderNameOf('damaged')}/token`, '')
    folder.files.set(`${folderNameOf('kept')}/notes`, 'not of the proxy')
    const keeper = await first.begin()
    const ended = [{ sandbox_id: 'ended', ended_at: 5 }]
    source.failWith(outage)
    source.publish(
      [
        { sandbox_id: 'kept' },
        { sandbox_id: 'lost', token_files: [{ name: 'y' }] },
        { sandbox_id: 'changed', token_files: [{ name: 'token', audience: 'new' }] },
        { sandbox_id: 'other-app', app: 'bank' },
        { sandbox_id: 'damaged' },
      ],
      { ended },
    )
    await time.pass(10_000)
    expect(await read('other-app')).toBeUndefined()
    expect(await read('changed')).toMatchObject({ audiences: ['https://issuer.example'] })
    source.failWith(undefined)
    await time.pass(30_000)
    const [kept, absent] = [folderNameOf('kept'), folderNameOf('absent')]
    expect(folder.files.get(`${kept}/token`)).toBe(before.get(`${kept}/token`))
    expect(folder.files.get(`${kept}/notes`)).toBe('not of the proxy')
    expect(folder.files.get(`${absent}/token`)).toBe(before.get(`${absent}/token`))
    expect(await read('lost', 'x')).toBeUndefined()
    expect(await read('lost', 'y')).toBeDefined()
    expect(await read('changed')).toMatchObject({ audiences: ['new'] })
    expect(await read('other-app')).toMatchObject({ app: 'bank' })
    expect(await read('damaged')).toBeDefined()
    expect(await read('ended')).toBeUndefined()
    expect(keeper.state()).toMatchObject({ refreshed: 3, failing: 0, without: 0 })
    // 10 minutes and 40 seconds of the life are over: half of it is soon after.
    await time.pass(0.5 * HOUR - 640_000)
    expect(keeper.state().refreshed).toBe(5)
  })

  it('refreshes at the start what is of another issuer, and takes everything over while it cannot tell', async () => {
    let issuer: string | undefined
    const readIssuerUrl = async () => {
      if (issuer === undefined) throw outage
      return issuer
    }
    const { time, source, keeper, begin } = await setUp({ readIssuerUrl })
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(1000)
    await keeper.stop()
    for (const [url, refreshed] of [
      [undefined, 0],
      ['https://issuer.example', 0],
      ['https://new.example', 1],
    ] as const) {
      issuer = url
      const again = await begin()
      source.publish([{ sandbox_id: 'a' }])
      await time.pass(1000)
      expect(again.state()).toMatchObject({ files: 1, refreshed })
      await again.stop()
    }
  })

  it('refreshes at the start what a crash may have left in parts, where files are written in place', async () => {
    const { time, source, keeper, begin, read } = await setUp({ writeInPlace: true })
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(1000)
    await keeper.stop()
    const before = await read('a')
    const again = await begin()
    source.failWith(outage)
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(1000)
    expect(again.state()).toMatchObject({ files: 1, failing: 1, without: 0 })
    expect(await read('a')).toStrictEqual(before)
    source.failWith(undefined)
    await time.pass(5000)
    expect(again.state()).toMatchObject({ refreshed: 1, failing: 0 })
  })

  it('relies on no token that it finds while the clock is slow: it would expire sooner than it seems', async () => {
    const first = await setUp()
    await first.time.pass(1_200_000)
    first.source.publish([{ sandbox_id: 'a' }])
    await first.time.pass(1000)
    await first.keeper.stop()
    // Twenty minutes earlier by the clock.
    const { time, source, keeper } = await setUp({}, first.folder)
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(1000)
    expect(keeper.state()).toMatchObject({ files: 1, refreshed: 1 })
  })

  it('asks for the issuer once for a list, however many sandboxes it has, and again for another after a failure', async () => {
    let asked = 0
    const readIssuerUrl = async () => {
      asked += 1
      throw outage
    }
    const { time, source, keeper, begin } = await setUp({ readIssuerUrl })
    const sandboxes = Array.from({ length: 100 }, (_, at) => ({ sandbox_id: `s${at}` }))
    source.publish(sandboxes)
    await time.pass(1000)
    await keeper.stop()
    await begin()
    source.publish(sandboxes.slice(0, 90))
    await time.pass(1000)
    expect(asked).toBe(1)
    source.publish(sandboxes)
    await time.pass(1000)
    expect(asked).toBe(2)
  })

  it('writes the files of new sandboxes while it takes long to remove those of another', async () => {
    const folder = createMemoryFolder()
    const { time, source, read } = await setUp({}, { ...folder, remove: () => new Promise(() => {}) })
    source.publish([{ sandbox_id: 'old' }])
    await time.pass(1000)
    source.publish([{ sandbox_id: 'new' }], { ended: [{ sandbox_id: 'old', ended_at: 5 }] })
    await time.pass(1000)
    source.publish([{ sandbox_id: 'new' }, { sandbox_id: 'newer' }])
    await time.pass(1000)
    expect(await read('new')).toBeDefined()
    expect(await read('newer')).toBeDefined()
  })

  it('refreshes what a long stop made late at a steady pace, the nearest to expire first', async () => {
    const { time, source, keeper, begin } = await setUp()
    const sandboxes = Array.from({ length: 1000 }, (_, at) => ({
      sandbox_id: `s${at}`,
      token_files: [{ name: 'token', ttl: 3600 + (at % 10) * 100 }],
    }))
    source.publish(sandboxes)
    await time.pass(10_000)
    await keeper.stop()
    await time.pass(0.8 * HOUR)
    const calls = source.calls()
    const again = await begin()
    source.publish(sandboxes)
    await time.pass(1010)
    // Four in a second, and the one with which it begins.
    expect(source.calls() - calls).toBeLessThanOrEqual(5)
    expect(again.state().refreshed).toBeLessThanOrEqual(500)
    await time.pass(2000)
    expect(source.calls() - calls).toBe(10)
    expect(again.state()).toMatchObject({ refreshed: 1000, without: 0 })
  })

  it('tries a removal again that failed, and not after the sandbox came back', async () => {
    const folder = createMemoryFolder()
    const { remove } = folder
    folder.remove = async () => {
      throw new Error('busy')
    }
    const { time, source, read, keeper, typesOf } = await setUp({}, folder)
    source.publish([{ sandbox_id: 'a' }, { sandbox_id: 'b' }])
    await time.pass(1000)
    const ended = ['a', 'b'].map((sandbox_id) => ({ sandbox_id, ended_at: 1 }))
    source.publish([], { ended })
    await time.pass(1000)
    expect(keeper.state()).toMatchObject({ removals: 2, files: 0 })
    source.publish([{ sandbox_id: 'b' }], { ended: ended.slice(0, 1) })
    await time.pass(1000)
    folder.remove = remove
    await time.pass(31_000)
    expect(keeper.state()).toMatchObject({ removals: 0, files: 1 })
    expect(await read('a')).toBeUndefined()
    expect(await read('b')).toBeDefined()
    expect(typesOf('a')).toStrictEqual(['refreshed', 'removal-failed', 'removed'])
  })

  it('tells of failures with their number and the time until the next try, and never of a token', async () => {
    const folder = createMemoryFolder()
    folder.write = async () => {
      throw new Error('the disk is full')
    }
    const { time, source, events, keeper } = await setUp({ random: () => 0 }, folder)
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(5000)
    const error = new Error('the disk is full')
    const event = { type: 'refresh-failed', sandbox_id: 'a', name: 'token', error }
    expect(events).toStrictEqual([
      { ...event, failures: 1, retry_in_ms: 1500 },
      { ...event, failures: 2, retry_in_ms: 3000 },
      { ...event, failures: 3, retry_in_ms: 6000 },
    ])
    expect(keeper.state()).toMatchObject({ failures: 3, failing: 1, without: 1 })
  })

  it('refuses names that lead elsewhere, and tells it once', async () => {
    const { time, source, folder, events } = await setUp()
    for (const app of ['shop', 'shop'])
      source.publish([{ sandbox_id: 'a', app, token_files: [{ name: '../x' }] }])
    await time.pass(1000)
    expect(folder.files.size).toBe(0)
    expect(events).toStrictEqual([{ type: 'name-refused', sandbox_id: 'a', name: '../x' }])
  })

  it('lets no file expire when the clock leaps, and asks no more when it is put back', async () => {
    const { time, source, keeper, read } = await setUp()
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(60_000)
    time.setClockBy(-86_400)
    await time.pass(0.4 * HOUR)
    expect(keeper.state().refreshed).toBe(1)
    await time.pass(0.1 * HOUR)
    expect(keeper.state().refreshed).toBe(2)
    time.setClockBy(86_400 + 3300)
    await time.pass(31_000)
    expect(keeper.state().refreshed).toBe(3)
    expect((await read('a'))?.exp).toBeGreaterThan(time.clock() + 3500)
  })

  it('does nothing after it was stopped', async () => {
    const { time, source, keeper } = await setUp()
    source.publish([{ sandbox_id: 'a' }])
    await time.pass(1000)
    await keeper.stop()
    source.publish([{ sandbox_id: 'b' }])
    await time.pass(HOUR)
    expect(source.asked()).toBe(1)
  })

  it('keeps calls upstream even through hours of 1,000 files, and lets none expire', async () => {
    const { time, source, keeper } = await setUp()
    source.publish(Array.from({ length: 1000 }, (_, at) => ({ sandbox_id: `s${at}` })))
    await time.pass(600_000)
    const perMinute: number[] = []
    for (let minute = 0; minute < 240; minute += 1) {
      const before = source.calls()
      await time.pass(60_000)
      perMinute.push(source.calls() - before)
      if (minute % 10 === 0) expect(keeper.state()).toMatchObject({ files: 1000, without: 0, failures: 0 })
    }
    // One every five seconds at most.
    expect(Math.max(...perMinute)).toBeLessThanOrEqual(13)
    expect(Math.min(...perMinute)).toBeGreaterThanOrEqual(9)
  })
})
