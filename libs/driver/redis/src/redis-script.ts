import { createHash } from 'node:crypto'

/** A Lua script and the name under which a server remembers it. */
export interface RedisScript {
  readonly lua: string
  /** SHA-1 of the text, 40 hexadecimal digits. */
  readonly sha1: string
}

/** The script of that text. */
export function defineScript(lua: string): RedisScript {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') }
}
