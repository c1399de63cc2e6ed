import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_ROTATION_POLICY, MAX_TTL } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { repositoryRoot } from '../repository.ts'
import { drawRotation } from './timeline-image.ts'

describe('drawRotation', () => {
  it('gives the picture in the documentation for the default policy', () => {
    const picture = readFileSync(join(repositoryRoot, 'docs/images/key-rotation.svg'), 'utf8')
    expect(drawRotation(DEFAULT_ROTATION_POLICY, MAX_TTL)).toBe(picture)
  })
})
