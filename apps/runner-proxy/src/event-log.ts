import type { RunnerEvent } from '@workload-identity/runner'
import type { Logger } from 'pino'

const awaySentence =
  'the issuer does not confirm the assignments of this node: tokens go on for --max-assignment-age'
const refusedSentence =
  'the issuer refuses the credential of this runner: nothing is given to its sandboxes until it takes one again'

/**
 * Makes what logs the events of a runner proxy. An issuer that is away is told of once, and once more when it is back;
 * the failures in between are for whoever debugs.
 */
export function createEventLog(logger: Logger): (event: RunnerEvent) => void {
  // Nothing is confirmed at first, and the first confirmation is worth a line.
  let isConfirmed: boolean | undefined
  let isRefused = false
  let isUpstreamFailing = false
  return (event) => {
    switch (event.type) {
      case 'assignments-confirmed':
        if (isConfirmed !== true)
          logger.info({ sandboxes: event.sandboxes }, 'the issuer confirms the assignments of this node')
        isConfirmed = true
        isRefused = false
        break
      case 'assignments-failed':
        logger[isConfirmed === false && isRefused === event.isRefused ? 'debug' : 'warn'](
          { err: event.error, failures: event.failures },
          event.isRefused ? refusedSentence : awaySentence,
        )
        isConfirmed = false
        isRefused = event.isRefused
        break
      case 'assignments-changed': {
        const { added, gone, ended } = event
        logger.info({ added, gone, ended }, 'the assignments of this node changed')
        break
      }
      case 'registry-changed':
        logger.warn(
          { from: event.from, to: event.to },
          'the issuer has another registry: its list of assignments says nothing of who is gone',
        )
        break
      case 'issuer-changed':
        logger.info('the issuer changed its URL, keys or times: kept tokens are replaced when next asked for')
        break
      case 'upstream-answered':
        if (isUpstreamFailing) logger.info('the issuer mints again')
        isUpstreamFailing = false
        break
      case 'upstream-failed':
        logger[isUpstreamFailing ? 'debug' : 'warn'](
          { err: event.error, operation: event.operation, entries: event.entries },
          'the issuer does not mint: sandboxes get kept tokens, or are told to come again',
        )
        isUpstreamFailing = true
        break
      case 'listener-failed':
        logger.error({ err: event.error }, 'something that follows the assignments failed')
        break
      case 'answered':
        break
    }
  }
}
