import type { Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** What a connection still has to say, and to what. */
export interface OwedAnswers {
  /** Starts to note the answers of a server. */
  watch(server: Server): void
  /**
   * The last answer that is owed to a request that was received completely, or is on its way to one that was not:
   * bytes written now would come before it or be read as its continuation. `undefined` when nothing is in the way.
   */
  lastOf(socket: Duplex): ServerResponse | undefined
}

/** Makes {@link OwedAnswers}. Node itself tells only the answer that is being written, not those that wait behind it. */
export function createOwedAnswers(): OwedAnswers {
  const answersBySocket = new WeakMap<Duplex, ServerResponse[]>()
  return {
    watch(server) {
      server.prependListener('request', ({ socket }, response) => {
        const owed = answersBySocket.get(socket)?.filter(({ writableFinished }) => !writableFinished) ?? []
        answersBySocket.set(socket, [...owed, response])
      })
    },
    lastOf: (socket) => answersBySocket.get(socket)?.findLast(isInTheWay),
  }
}

function isInTheWay({ req, headersSent, writableFinished }: ServerResponse): boolean {
  return req.complete ? !writableFinished : headersSent
}

/** Lets an answer out as the last one of its connection. */
export function closeAfter(answer: ServerResponse, socket: Duplex): void {
  // Makes Node say `Connection: close` and end the connection itself.
  if (!answer.headersSent) answer.shouldKeepAlive = false
  const end = () => socket.end(() => socket.destroy())
  if (answer.writableFinished) end()
  else answer.once('finish', end)
}
