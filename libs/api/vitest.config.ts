import { defineProject } from '../../vitest.base.ts'

export default defineProject('api')
