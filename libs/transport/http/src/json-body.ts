import { invalidRequest } from './http-refusal.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The JSON value of a body; `undefined` for an empty body. Stricter than `JSON.parse`, because readers disagree on what
 * it lets through: a property given twice (RFC 8259 §4), `__proto__`, and bytes that are not UTF-8 are refused.
 *
 * @throws {HttpRefusal} 400 with the reason.
 */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined
  const text = decode(bytes)
  const value = parse(text)
  assertPlainProperties(text)
  return value
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw invalidRequest('the body is not UTF-8')
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the body, which may hold a secret.
    throw invalidRequest('the body is not JSON')
  }
}

/** Walks through a text that is known to be JSON: strings and brackets are all that has to be told apart. */
function assertPlainProperties(text: string): void {
  const containers: (Set<string> | undefined)[] = []
  // A string that a colon follows is the name of a property.
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"(?:\s*:)?|[{}[\]]/g
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match
    if (found === '{') containers.push(new Set())
    else if (found === '[') containers.push(undefined)
    else if (found === '}' || found === ']') containers.pop()
    else if (found.endsWith(':')) {
      addProperty(containers.at(-1), JSON.parse(found.slice(0, -1)) as string)
    }
  }
}

function addProperty(properties: Set<string> | undefined, name: string): void {
  if (name === '__proto__') throw invalidRequest('a property of the body is named "__proto__"')
  if (properties?.has(name) === true) {
    throw invalidRequest(`the property ${JSON.stringify(name.slice(0, 100))} of the body is given twice`)
  }
  properties?.add(name)
}
