import { defineProject } from '../../../vitest.base.ts'

export default defineProject('key-store-file')
