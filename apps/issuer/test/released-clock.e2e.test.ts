import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CLOCK_FILE_VARIABLE, createTestClock } from './clock/file-clock.ts'
import { createTestFolder, startIssuer } from './issuer-process.ts'

const project = fileURLToPath(new URL('..', import.meta.url))

describe('the clock of a released issuer', () => {
  it('is that of the machine, whatever the variable of the test clock says', async () => {
    const folder = await createTestFolder()
    const clock = await createTestClock(folder)
    await clock.advance(86_400)
    const issuer = await startIssuer({ folder, env: clock.env })
    const { now } = (await issuer.control('/v1/keys/plan')).json as { readonly now: number }
    expect(Math.abs(now - Date.now() / 1000)).toBeLessThan(3600)
  })

  it('is read in one place, and nothing that is built knows of another', async () => {
    const build = JSON.parse(await readFile(join(project, 'tsconfig.lib.json'), 'utf8')) as object
    expect(build).toMatchObject({ include: ['src'], compilerOptions: { rootDir: 'src' } })
    const names = (await readdir(join(project, 'src'), { recursive: true })).filter((name) =>
      /(?<!\.test)\.ts$/.test(name),
    )
    const texts = await Promise.all(names.map((name) => readFile(join(project, 'src', name), 'utf8')))
    const readers = names.filter((_, index) => /Date\.now\(|new Date\(\)/.test(texts[index] ?? ''))
    expect(readers).toEqual(['composition/open-state.ts'])
    expect(texts.filter((text) => new RegExp(`${CLOCK_FILE_VARIABLE}|clock-main`).test(text))).toEqual([])
  })
})
