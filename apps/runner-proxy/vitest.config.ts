import { defineProject } from '../../vitest.base.ts'

// Its tests wait for processes most of the time.
export default defineProject('runner-proxy', { maxWorkers: 2 })
