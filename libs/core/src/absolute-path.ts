/** The longest path that is accepted, in characters. */
export const MAX_PATH_LENGTH = 4096

/** Why `text` is not an absolute path (of any Unix), or `undefined` when it is one of at most 4096 characters. */
export function absolutePathProblem(text: unknown): string | undefined {
  if (typeof text !== 'string') return 'is not a string'
  if (!text.startsWith('/')) return 'must be an absolute path'
  if (text.length > MAX_PATH_LENGTH) return `is longer than ${MAX_PATH_LENGTH} characters`
  return /\p{Cc}/u.test(text) ? 'must not hold control characters' : undefined
}
