import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openPrivateDirectory, type PrivateDirectory } from './private-directory.ts'
import { createProcessToken } from './process-token.ts'
import { createTurns } from './turn.ts'

function temporaryDirectory(): PrivateDirectory {
  const folder = mkdtempSync(join(tmpdir(), 'wid-turn-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return openPrivateDirectory({ path: folder })
}

/** A token of this process as it would be if another one had its number before. */
function tokenOfEndedProcess(): string {
  const [pid, started, ...rest] = createProcessToken().split('-')
  return [pid, Number(started) - 1, ...rest].join('-')
}

describe('createTurns', () => {
  it('puts what was brought, under every name it was given, and leaves nothing else behind', async () => {
    const directory = temporaryDirectory()
    const target = (name: string) => join(directory.path, name)
    writeFileSync(target('old'), 'old')
    const files = { note: { content: 'new' }, again: { sameAs: 'note' }, unused: { content: 'x' } }
    const result = await createTurns(directory).take(files, async (turn) => {
      await turn.put('note', target('old'))
      await turn.put('again', target('other'))
      await turn.remove(target('nothing'))
      return 'done'
    })
    expect(result).toBe('done')
    expect(readFileSync(target('old'), 'utf8') + readFileSync(target('other'), 'utf8')).toBe('newnew')
    expect(readdirSync(directory.path).sort()).toStrictEqual(['old', 'other', 'turn'])
    expect(readdirSync(target('turn'))).toStrictEqual([])
  })

  it('removes a file', async () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory.path, 'old'), '')
    await createTurns(directory).take({}, (turn) => turn.remove(join(directory.path, 'old')))
    expect(readdirSync(directory.path)).toStrictEqual(['turn'])
  })

  it('lets no two overlap, of one handle or of several', async () => {
    const directory = temporaryDirectory()
    const one = createTurns(directory)
    const other = createTurns(directory)
    let inside = 0
    let most = 0
    const work = async () => {
      inside += 1
      most = Math.max(most, inside)
      await new Promise(setImmediate)
      inside -= 1
    }
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : other).take({}, work)),
    )
    expect(most).toBe(1)
  })

  it('gives the turn on when the work throws, and throws the same', async () => {
    const turns = createTurns(temporaryDirectory())
    const failure = new Error('of the work')
    await expect(turns.take({}, () => Promise.reject(failure))).rejects.toBe(failure)
    expect(await turns.take({}, async () => 'next')).toBe('next')
  })

  it('ends the turn of a process that ended at once, and clears up what it had prepared', async () => {
    const directory = temporaryDirectory()
    const [holder, waiter] = [tokenOfEndedProcess(), tokenOfEndedProcess()]
    mkdirSync(join(directory.path, `turn/${holder}.removed`), { recursive: true })
    writeFileSync(join(directory.path, `turn/${holder}.removed/1`), '')
    writeFileSync(join(directory.path, `turn/${holder}.note`), '')
    mkdirSync(join(directory.path, `prepare.${waiter}`))
    writeFileSync(join(directory.path, `prepare.${waiter}/${waiter}.note`), '')
    expect(await createTurns(directory).take({}, async () => 'mine')).toBe('mine')
    expect(readdirSync(directory.path)).toStrictEqual(['turn'])
  })

  it('lets nothing take effect that a holder tries after his turn was ended, and does his work again', async () => {
    const directory = temporaryDirectory()
    const target = join(directory.path, 'target')
    const seen: string[] = []
    await createTurns(directory).take({ note: { content: 'slow' } }, async (turn) => {
      seen.push(existsSync(target) ? readFileSync(target, 'utf8') : 'nothing')
      if (seen.length === 1) {
        // What others do who take him for dead: they empty the turn, and take theirs.
        for (const name of readdirSync(join(directory.path, 'turn'))) {
          rmSync(join(directory.path, 'turn', name), { recursive: true })
        }
        await createTurns(directory).take({ note: { content: 'quick' } }, (other) =>
          other.put('note', target),
        )
      }
      await turn.put('note', target)
    })
    expect(seen).toStrictEqual(['nothing', 'quick'])
    expect(readFileSync(target, 'utf8')).toBe('slow')
  })

  it('lets a holder remove nothing after his turn was ended', async () => {
    const directory = temporaryDirectory()
    const target = join(directory.path, 'target')
    let attempts = 0
    await createTurns(directory).take({}, async (turn) => {
      attempts += 1
      if (attempts > 1) return
      rmSync(join(directory.path, 'turn'), { recursive: true })
      await createTurns(directory).take({ note: { content: '' } }, (other) => other.put('note', target))
      await turn.remove(target)
    })
    expect(attempts).toBe(2)
    expect(existsSync(target)).toBe(true)
  })

  it('rejects with ERR_STORE_UNAVAILABLE when the folder is gone, before and in the middle', async () => {
    const directory = temporaryDirectory()
    const elsewhere = `${directory.path}-elsewhere`
    const turns = createTurns(directory)
    const work = turns.take({ note: { content: '' } }, async (turn) => {
      renameSync(directory.path, elsewhere)
      await turn.put('note', join(directory.path, 'target'))
    })
    await expect(work).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await expect(turns.take({}, async () => 'x')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    renameSync(elsewhere, directory.path)
  })
})
