import { describe, expect, it } from 'vitest'
import { summariseProfile } from './summarise-profile.ts'

const node = (id: number, functionName: string, url: string, children: readonly number[] = []) => ({
  ...{ id, callFrame: { functionName, url }, children },
})

const profile = {
  nodes: [
    node(1, '(root)', '', [2, 3, 7, 9, 10]),
    node(2, '(idle)', ''),
    node(3, 'handler', 'file:///x/libs/transport/http/src/routes/token.ts', [4, 6]),
    node(4, 'sign', 'file:///x/libs/core/src/token/sign.ts', [5]),
    node(5, '', 'node:internal/crypto/util'),
    node(6, 'stringify', ''),
    node(7, 'end', 'node:_http_outgoing', [8]),
    node(8, 'writev', ''),
    node(9, '(garbage collector)', ''),
    node(10, 'compile', 'node:internal/modules/esm/utils'),
  ],
  samples: [2, 3, 4, 5, 6, 7, 8, 9, 10],
  timeDeltas: [1000, 10, 10, 20, 10, 10, 30, 10, 500],
}

describe('summariseProfile', () => {
  it('gives each part its share of the busy time, nameless functions going to their caller', () => {
    expect(summariseProfile(profile)).toStrictEqual([
      { part: 'writing answers to sockets', share: 0.3 },
      { part: 'rules and routes of the transport', share: 0.2 },
      { part: 'handing signatures to the thread pool', share: 0.2 },
      { part: 'core and WebCrypto', share: 0.1 },
      { part: 'node:http, streams, timers', share: 0.1 },
      { part: 'garbage collection', share: 0.1 },
    ])
  })
})
