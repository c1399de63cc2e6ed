import { defineProject } from '../vitest.base.ts'

export default defineProject('tools', { include: ['**/*.test.ts'] })
