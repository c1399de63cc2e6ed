/**
 * The name that `text` was probably meant to be: the one with the fewest changed, missing, extra or swapped
 * characters, if these are at most a third of it; otherwise `undefined`.
 */
export function nearestName(text: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined
  let best = Math.max(1, Math.floor(text.length / 3)) + 1
  for (const name of names) {
    // The difference in length is a lower bound; it also keeps absurdly long input from costing time.
    if (Math.abs(name.length - text.length) >= best) continue
    const distance = editDistance(text.toLowerCase(), name.toLowerCase())
    if (distance < best) {
      best = distance
      nearest = name
    }
  }
  return nearest
}

/** Optimal string alignment: Levenshtein distance that counts a swap of neighbours as one change. */
function editDistance(a: string, b: string): number {
  let beforePrevious: readonly number[] = []
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let least = Math.min(change, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (beforePrevious[j - 2] ?? 0) + 1)
      }
      row.push(least)
    }
    beforePrevious = previous
    previous = row
  }
  return previous[b.length] ?? 0
}
