import { describe, expect, it } from 'vitest'
import { parseSystemWorkload } from './system-workload.ts'

describe('parseSystemWorkload', () => {
  it.each([
    ['puller=registry', { workload: 'puller', audiences: ['registry'] }],
    ['a/b=https://x.example?a=b', { workload: 'a/b', audiences: ['https://x.example?a=b'] }],
    ['puller=a;audience=b;audience=c', { workload: 'puller', audiences: ['a', 'b', 'c'] }],
    ['puller=a;runner=node-1', { workload: 'puller', audiences: ['a'], runners: ['node-1'] }],
    [
      'puller=a; runner=rack/1 ; audience=b ; runner=node-2',
      { workload: 'puller', audiences: ['a', 'b'], runners: ['rack/1', 'node-2'] },
    ],
  ])('reads %s', (text, rule) => {
    expect(parseSystemWorkload(text)).toEqual(rule)
  })

  it.each([
    ['', 'must be <name>=<audience>'],
    ['puller', 'must be <name>=<audience>'],
    ['puller;audience=a', 'must be <name>=<audience>'],
    ['=a', 'system_workload is empty'],
    ['a b=c', 'system_workload must consist of'],
    ['puller=', 'an audience is empty'],
    ['puller=a;audience=', 'an audience is empty'],
    ['puller=a;runner=', 'runner_id is empty'],
    ['puller=a;runner=a:b', 'runner_id must consist of'],
    ['puller=a;runner', 'neither audience=<audience> nor runner=<runner ID>'],
    ['puller=a;', 'neither audience=<audience> nor runner=<runner ID>'],
    ['puller=a;runners=node-1', 'neither audience=<audience> nor runner=<runner ID>'],
    ['puller=a;b', 'neither audience=<audience> nor runner=<runner ID>'],
    ['puller=a;audience=a', 'names an audience twice'],
    ['puller=a;runner=n;runner=n', 'names a runner twice'],
  ])('refuses %j', (text, problem) => {
    expect(() => parseSystemWorkload(text)).toThrow(problem)
  })
})
