/** Holds items and gives the first of them, whatever order they came in. */
export interface PriorityQueue<Item> {
  push(item: Item): void
  /** The first one, which stays. */
  peek(): Item | undefined
  /** Takes the first one out. */
  pop(): Item | undefined
  size(): number
  /** Leaves those inside that are to be kept. Takes a time that grows with the size. */
  keep(isKept: (item: Item) => boolean): void
}

/**
 * Makes a {@link PriorityQueue}, a binary heap: each operation takes a time that grows with the logarithm of its size. What
 * an item is ordered by must not change while it is inside.
 */
export function createPriorityQueue<Item>(isBefore: (a: Item, b: Item) => boolean): PriorityQueue<Item> {
  // The children of the item at `i` are at `2 i + 1` and `2 i + 2`, and none is before its parent.
  let heap: Item[] = []

  const rise = (item: Item) => {
    let at = heap.length
    for (;;) {
      const parent = heap[(at - 1) >> 1]
      if (at === 0 || parent === undefined || !isBefore(item, parent)) break
      heap[at] = parent
      at = (at - 1) >> 1
    }
    heap[at] = item
  }
  const sink = (item: Item) => {
    let at = 0
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
      if (left === undefined) break
      const isRight = right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (!isBefore(child, item)) break
      heap[at] = child
      at = 2 * at + (isRight ? 2 : 1)
    }
    heap[at] = item
  }
  return {
    push: rise,
    peek: () => heap[0],
    pop() {
      const first = heap[0]
      const last = heap.pop()
      if (last !== undefined && heap.length > 0) sink(last)
      return first
    },
    size: () => heap.length,
    keep(isKept) {
      const kept = heap.filter(isKept)
      heap = []
      for (const item of kept) rise(item)
    },
  }
}
