import { defineProject } from '../../../vitest.base.ts'

export default defineProject('transport-http')
