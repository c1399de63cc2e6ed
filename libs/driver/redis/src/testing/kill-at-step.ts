import { Socket } from 'node:net'

/**
 * Kills this process before the step `step` (from 1) that it takes from now on towards a server. Whatever it writes to a
 * connection has three: before it, when half of it is sent, and when all of it is sent and nothing is answered.
 *
 * It replaces a function of Node, so the code under trial is the one that ships, without a switch in it.
 */
export async function killAtRedisStep(step: number): Promise<void> {
  let steps = 0
  const before = () => {
    steps += 1
    if (steps === step) process.kill(process.pid, 'SIGKILL')
  }
  const write: unknown = Reflect.get(Socket.prototype, 'write')
  if (typeof write !== 'function') throw new TypeError('sockets have no write')
  Reflect.set(
    Socket.prototype,
    'write',
    function (this: Socket, data: string | Uint8Array, ...rest: unknown[]): unknown {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data
      const half = Math.ceil(bytes.length / 2)
      before()
      // A connection that is not busy sends at once, before `write` returns.
      Reflect.apply(write, this, [bytes.subarray(0, half)])
      before()
      const result: unknown = Reflect.apply(write, this, [bytes.subarray(half), ...rest])
      before()
      return result
    },
  )
}
