import { describe, expect, it } from 'vitest'
import { readOpenSslSpeed } from './ceiling.ts'
import { readAutocannon, readWrk } from './load.ts'

const wrkReport = `Running 1s test @ http://127.0.0.1:40201/x
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     0.90ms  210.11us   5.32ms   94.12%
    Req/Sec    35.66k     2.22k   38.53k    90.00%
  35471 requests in 1.00s, 28.55MB read
Requests/sec:  35466.29
Transfer/sec:     28.55MB
`

describe('readWrk', () => {
  it('gives the rate of answers', () => {
    expect(readWrk(wrkReport)).toBe(35466.29)
  })

  it.each(['  Non-2xx or 3xx responses: 12\n', '  Socket errors: connect 0, read 3, write 0, timeout 0\n'])(
    'refuses a run with trouble: %j',
    (trouble) => {
      expect(() => readWrk(wrkReport.replace('Requests/sec', `${trouble}Requests/sec`))).toThrow(
        trouble.trim(),
      )
    },
  )

  it('refuses a run without an answer', () => {
    expect(() => readWrk('Requests/sec:      0.00\n')).toThrow('no answers')
  })
})

describe('readAutocannon', () => {
  it('gives the rate of answers', () => {
    expect(readAutocannon('{"2xx": 3000, "non2xx": 0, "errors": 0, "duration": 2.5}')).toBe(1200)
  })

  it.each([
    '{"2xx": 3000, "non2xx": 1, "errors": 0, "duration": 2}',
    '{"2xx": 3000, "non2xx": 0, "errors": 1, "duration": 2}',
    '{"2xx": 0, "non2xx": 0, "errors": 0, "duration": 2}',
  ])('refuses a run with trouble: %s', (report) => {
    expect(() => readAutocannon(report)).toThrow('autocannon')
  })
})

describe('readOpenSslSpeed', () => {
  it('gives the signatures of all cores together, for RSA and for elliptic curves', () => {
    const rsa = 'Got: +F2:2:2048:2139.000000:29247.000000 from 0\n+F2:2:2048:3871.000000:59591.000000\n'
    expect(readOpenSslSpeed(rsa)).toBe(3871)
    expect(readOpenSslSpeed('+F4:3:256:46933.000000:16321.000000\n')).toBe(46933)
  })

  it('refuses a report without a rate', () => {
    expect(() => readOpenSslSpeed('Forked child 0\n')).toThrow('no rate')
  })
})
