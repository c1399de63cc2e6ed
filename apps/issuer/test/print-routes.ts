import { subscribe } from 'node:diagnostics_channel'

// Loaded into an issuer process before its own code (node --import): prints a line for every route that its servers get,
// except those that exist to answer 405.

interface Route {
  readonly method: string | readonly string[]
  readonly url: string
  readonly config?: { readonly allow?: string }
}

/** What Fastify announces on this channel: a server that has no routes yet. */
interface Announcement {
  readonly fastify: { addHook(name: 'onRoute', hook: (route: Route) => void): unknown }
}

subscribe('fastify.initialization', (message) => {
  const { fastify } = message as Announcement
  fastify.addHook('onRoute', ({ method, url, config }) => {
    if (config?.allow !== undefined) return
    for (const name of [method].flat()) {
      process.stdout.write(`${JSON.stringify({ msg: 'route', method: name, url })}\n`)
    }
  })
})
