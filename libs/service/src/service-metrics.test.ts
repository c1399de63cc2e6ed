import { describe, expect, it } from 'vitest'
import { createServiceMetrics } from './service-metrics.ts'

const answer = { listener: 'token', method: 'GET', route: '/v1/token', status: 200, seconds: 0.004 } as const
const create = () => createServiceMetrics({ version: '1.2.3', mintRoutes: ['GET /v1/token'] })

describe('createServiceMetrics', () => {
  it('counts mints by outcome and times every answer', async () => {
    const metrics = create()
    metrics.recordAnswer(answer)
    metrics.recordAnswer(answer)
    metrics.recordAnswer({ ...answer, status: 403, code: 'ERR_CREDENTIAL_UNKNOWN' })
    metrics.recordAnswer({ ...answer, route: '/v1/identity' })
    const { body } = await metrics.render()
    expect(body).toContain('wid_mints_total{route="/v1/token",outcome="issued"} 2')
    expect(body).toContain('wid_mints_total{route="/v1/token",outcome="ERR_CREDENTIAL_UNKNOWN"} 1')
    expect(body).not.toContain('wid_mints_total{route="/v1/identity"')
    expect(body).toContain(
      'wid_http_request_duration_seconds_count{listener="token",method="GET",route="/v1/identity",status="200"} 1',
    )
  })

  it('tells the build and what Node tells of the process', async () => {
    const { body, contentType } = await create().render()
    expect(contentType).toMatch(/^text\/plain/)
    expect(body).toMatch(/wid_build_info\{version="1\.2\.3",node="v[^"]+"\} 1/)
    expect(body).toContain('process_cpu_seconds_total')
  })

  it('shares nothing with the metrics of another service', async () => {
    create().recordAnswer(answer)
    expect((await create().render()).body).not.toContain('outcome="issued"')
  })
})
