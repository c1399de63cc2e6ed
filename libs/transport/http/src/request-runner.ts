declare module 'fastify' {
  interface FastifyRequest {
    /** The ID of the runner that asks, once that is proved: for the log. */
    runnerId: string | undefined
  }
}

export {}
