import 'reflect-metadata'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seconds } from '@workload-identity/core'
import { createFixedClock } from '@workload-identity/core/testing'
import { createLogger } from '@workload-identity/service'
import { expect, it, onTestFinished } from 'vitest'
import { createContainer } from '../src/composition/container.ts'
import { openState } from '../src/composition/open-state.ts'
import * as tokens from '../src/composition/tokens.ts'
import { readConfig } from '../src/config.ts'

const DAY = 86_400

/** An issuer with a clock that can leap, and one that goes with the time that passes. */
async function compose() {
  const folder = mkdtempSync(join(tmpdir(), 'wid-leap-'))
  const flags = [
    `--store=sqlite:${join(folder, 'issuer.db')}`,
    `--admin-token-file=${join(folder, 'admin-token')}`,
  ]
  const reading = readConfig(['--issuer-url=https://issuer.example', ...flags], {})
  if (reading.kind !== 'config') throw new Error('no configuration')
  const clock = createFixedClock()
  let elapsed = 0
  const logger = createLogger('fatal', { write: () => undefined })
  const state = await openState(reading.config, logger, clock.now, () => seconds(elapsed))
  onTestFinished(async () => {
    await state.stores.close()
    rmSync(folder, { recursive: true })
  })
  const container = createContainer(reading.config, state)
  const loop = container.resolve(tokens.ROTATION_LOOP)
  const wait = (duration: number) => {
    clock.advance(duration)
    elapsed += duration
  }
  return { container, clock, wait, loop }
}

it('an issuer whose clock leaps ahead waits with the next key, says so, and goes on when that key was known for a day', async () => {
  const { container, clock, wait, loop } = await compose()
  const rotateByHand = container.resolve(tokens.ROTATE_BY_HAND)
  const ready = () => container.resolve(tokens.HEALTH).ready()
  expect((await rotateByHand()).outcome).toBe('published')
  expect((await ready()).warnings).toBeUndefined()

  clock.advance(40 * DAY)
  expect((await rotateByHand()).outcome).toBe('waiting')
  expect(loop.state().plan).toMatchObject({
    at: clock.now() + DAY,
    because: expect.stringMatching(/leapt/) as string,
  })
  expect(await ready()).toMatchObject({ warnings: [expect.stringMatching(/^clock: .* leapt ahead by 40d/)] })
  expect((await container.resolve(tokens.METRICS).render()).body).toContain('wid_clock_ahead_seconds 3456000')

  wait(DAY - 1)
  expect((await rotateByHand()).outcome).toBe('waiting')
  wait(1)
  expect((await rotateByHand()).outcome).toBe('promoted')
  expect((await ready()).warnings).toBeUndefined()
})
