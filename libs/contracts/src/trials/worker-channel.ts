import { on } from 'node:events'

/** Tells the trial that started this process something; what was told is not lost when this process is killed after. */
export async function tell(message: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  process.send?.(message, undefined, {}, (error) => {
    if (error === null) resolve(undefined)
    else reject(error)
  })
  await promise
}

/** What the trial that started this process tells it, until it goes away. */
export async function* told<M>(): AsyncGenerator<M> {
  const ended = new AbortController()
  process.once('disconnect', () => {
    ended.abort()
  })
  try {
    for await (const [message] of on(process, 'message', { signal: ended.signal })) yield message as M
  } catch (error) {
    if (!ended.signal.aborted) throw error
  }
}
