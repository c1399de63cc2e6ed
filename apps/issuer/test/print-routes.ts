import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'

// Loaded into an issuer process before its own code (node --import): prints a line for every route that its servers get,
// except those that exist to answer 405.

subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { readonly fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url, config }) => {
    if (config !== undefined && 'allow' in config) return
    for (const name of [method].flat()) console.log(JSON.stringify({ msg: 'route', method: name, url }))
  })
})
