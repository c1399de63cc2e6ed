import type { Socket } from 'node:net'
import type { Redis } from 'ioredis'

/**
 * Lets a connection of `redis` fail more than once. ioredis listens for the first error only, and a TLS connection that
 * was given up over its certificate may tell of the server's alert as well: an error that nobody listens for would end
 * the process.
 */
export function tolerateLateErrors(redis: Redis): void {
  redis.on('error', () => {
    // There is none when no sentinel could name the server.
    const stream = Reflect.get(redis, 'stream') as Socket | undefined
    if (stream?.listeners('error').includes(ignore) === false) stream.on('error', ignore)
  })
}

function ignore(): void {
  // The first error was told and the connection is being made anew.
}
