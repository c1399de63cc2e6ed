import { describe, expect, it } from 'vitest'
import { filePath } from './file-path.ts'

describe('filePath', () => {
  it('gives a path unchanged', () => {
    expect(filePath().parse('./data/admin token')).toBe('./data/admin token')
  })

  it.each(['', 'a\0b'])('refuses %j', (text) => {
    expect(filePath().safeParse(text).success).toBe(false)
  })
})
