import type { FastifyInstance } from 'fastify'
import type { ControlServerOptions } from './control-options.ts'

export declare function createControlServer(options: ControlServerOptions): FastifyInstance
