/** Texts whose MAC was found right, so that the same record need not be proved for every token. */
export interface ProvedTexts {
  /** Whether this very text was proved by this MAC. */
  has(mac: string, text: string): boolean
  add(mac: string, text: string): void
}

/** Makes {@link ProvedTexts} that remember `maxCharacters` at most; the oldest go first. */
export function createProvedTexts(maxCharacters: number): ProvedTexts {
  // A Map remembers the order of insertion.
  const texts = new Map<string, string>()
  let characters = 0
  return {
    has: (mac, text) => texts.get(mac) === text,
    add(mac, text) {
      characters += text.length - (texts.get(mac)?.length ?? 0)
      texts.delete(mac)
      texts.set(mac, text)
      for (const [oldest, { length }] of texts) {
        if (characters <= maxCharacters) return
        texts.delete(oldest)
        characters -= length
      }
    },
  }
}
