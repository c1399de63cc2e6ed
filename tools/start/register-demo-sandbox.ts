import { AnswerError, requestJson } from './request-json.ts'

/** A registered sandbox with the secret it was just given. */
export interface DemoSandbox {
  readonly sandbox_id: string
  readonly app: string
  readonly secret: string
  /** The variables to inject into the sandbox. */
  readonly env: Readonly<Record<string, string>>
}

const demo = { sandbox_id: 'demo-sandbox', app: 'demo' }

/** Registers the demo sandbox, or gives it a new secret when an earlier run has registered it. */
export async function registerDemoSandbox(control: string, adminToken: string): Promise<DemoSandbox> {
  const request = { method: 'POST', bearer: adminToken }
  try {
    return (await requestJson(`${control}/v1/sandboxes`, {
      ...request,
      body: demo,
    })) as unknown as DemoSandbox
  } catch (error) {
    if (!(error instanceof AnswerError && error.status === 409)) throw error
  }
  const renewed = await requestJson(`${control}/v1/sandboxes/${demo.sandbox_id}/secret`, {
    ...request,
    body: {},
  })
  return renewed as unknown as DemoSandbox
}
