import { isIssuerError } from '@workload-identity/core'
import type { TokenFileEvent } from '@workload-identity/runner'
import type { Logger } from 'pino'

/** Makes what logs the events of token files. A file whose token cannot be refreshed is told of at the first failure, unless the issuer is away. */
export function createTokenFileLog(logger: Logger): (event: TokenFileEvent) => void {
  return (event) => {
    switch (event.type) {
      case 'refreshed':
        logger.debug({ sandbox_id: event.sandbox_id, name: event.name }, 'a token file holds a new token')
        break
      case 'refresh-failed': {
        const { sandbox_id, name, failures, retry_in_ms } = event
        // That the issuer is away is told once for all files.
        const isNews = failures === 1 && !isIssuerError(event.error, 'ERR_ISSUER_UNAVAILABLE')
        logger[isNews ? 'warn' : 'debug'](
          { err: event.error, ...{ sandbox_id, name, failures, retry_in_ms } },
          'a token file goes on holding the token it has: a new one could not be had or written',
        )
        break
      }
      case 'removed':
        logger.info({ sandbox_id: event.sandbox_id, name: event.name }, 'removed token files that are over')
        break
      case 'removal-failed':
        logger.error(
          { err: event.error, sandbox_id: event.sandbox_id, name: event.name },
          'token files that are over could not be removed; it is tried again',
        )
        break
      case 'look-failed':
        logger.error(
          { err: event.error, sandbox_id: event.sandbox_id },
          'what an earlier run left for a sandbox cannot be looked at',
        )
        break
      case 'end-doubted':
        logger.warn(
          { sandbox_id: event.sandbox_id },
          'another registry says that a sandbox ended: its token files stay; remove its folder by hand if it is over',
        )
        break
      case 'name-refused':
        logger.warn(
          { sandbox_id: event.sandbox_id, name: event.name },
          'a token file has a name that can be none, and is not written',
        )
        break
      case 'hook-failed':
        logger.warn(
          { sandbox_id: event.sandbox_id, path: event.path, reason: event.reason },
          'the program of --on-refresh failed',
        )
        break
    }
  }
}
