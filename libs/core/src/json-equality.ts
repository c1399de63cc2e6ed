/** Whether two values that JSON can hold say the same; the order of members says nothing, and an absent one is `undefined`. */
export function isSameJson(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const names = Object.keys(left)
  if (names.length !== Object.keys(right).length) return false
  const [these, those] = [left, right] as readonly Readonly<Record<string, unknown>>[]
  return names.every((name) => Object.hasOwn(right, name) && isSameJson(these?.[name], those?.[name]))
}
