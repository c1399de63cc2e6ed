/** What is shown instead of a value that could be a secret. */
export const REDACTED = '[redacted]'

/** How deep objects of classes are looked into: requests and sockets are large, and few of their members are theirs. */
const CLASS_DEPTH = 4

/** How deep plain objects and lists are looked into; what lies deeper is not shown, which also ends circles. */
const PLAIN_DEPTH = 16

/**
 * Makes a function that gives a log object without what could be a secret: below its own members, which the logger
 * redacts by itself, every member of one of `names` is replaced. An object that holds none is given back as it is, so
 * that a flat line costs next to nothing (the path patterns of pino cost more than all the rest of the line). Errors are
 * left to their serializer.
 */
export function createRedactNested(names: ReadonlySet<string>): (line: object) => Record<string, unknown> {
  const redact = (value: unknown, depth: number): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Error || ArrayBuffer.isView(value)) return value
    if (depth > CLASS_DEPTH && !isPlain(value)) return value
    if (depth > PLAIN_DEPTH) return REDACTED
    if (Array.isArray(value)) {
      const items = value.map((item) => redact(item, depth + 1))
      return items.some((item, index) => item !== value[index]) ? items : value
    }
    return replaceMembers(value, (name, member) => (names.has(name) ? REDACTED : redact(member, depth + 1)))
  }
  return (line) => replaceMembers(line, (_, member) => redact(member, 2))
}

/** The object with the replacements; itself when nothing was replaced. */
function replaceMembers(
  object: object,
  replace: (name: string, member: unknown) => unknown,
): Record<string, unknown> {
  const members = object as Record<string, unknown>
  let replaced: Record<string, unknown> | undefined
  for (const name of Object.keys(members)) {
    const member = members[name]
    const replacement = replace(name, member)
    if (replacement === member) continue
    replaced ??= { ...members }
    replaced[name] = replacement
  }
  return replaced ?? members
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Array.isArray(value)
}
