import { connect } from 'node:net'

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether the server ended the connection. */
  readonly isClosed: boolean
}

/** Sends bytes as they are to `http://host:port` and reads one answer. */
export function sendRaw(
  url: string,
  request: string | Buffer | readonly (string | Buffer)[],
  { method = 'GET' }: { readonly method?: string } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let received = ''
    const finish = (isClosed: boolean) => {
      const answer = parse(received, method)
      if (answer === undefined && isClosed) reject(new Error(`no whole answer: ${JSON.stringify(received)}`))
      if (answer === undefined) return
      socket.destroy()
      resolve({ ...answer, isClosed })
    }
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      if (!/\r\nconnection: close\r\n/i.test(received)) finish(false)
    })
    socket.on('end', () => finish(true))
    for (const part of [request].flat()) socket.write(part)
  })
}

function parse(text: string, method: string): Omit<RawAnswer, 'isClosed'> | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const body = text.slice(end + 4)
  const expected = method === 'HEAD' ? 0 : Number(headers['content-length'] ?? 0)
  if (body.length < expected) return undefined
  if (body.length > expected) throw new Error(`more than one answer: ${JSON.stringify(text)}`)
  return { status: Number(statusLine.split(' ')[1]), headers, body }
}
