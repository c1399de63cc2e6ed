/**
 * Does `work` for each item, for at most `atOnce` of them at the same time. Rejects with the first error, after which no
 * further item is begun.
 */
export async function forEachLimited<Item>(
  items: Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]()
  let isBroken = false
  const lane = async () => {
    for (let next = rest.next(); next.done !== true && !isBroken; next = rest.next()) {
      await work(next.value).catch((error: unknown) => {
        isBroken = true
        throw error
      })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}
