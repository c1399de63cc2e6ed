import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { requireAdmin } from './admin-access.ts'
import type { ControlServerOptions } from './control-options.ts'
import { createHttpServer } from './create-http-server.ts'
import { addHealthRoutes } from './routes/health.ts'
import { addIssuerRoute } from './routes/issuer.ts'
import { addKeyChangeRoutes } from './routes/key-changes.ts'
import { addKeysRoutes } from './routes/keys.ts'
import { addMetricsRoute } from './routes/metrics.ts'
import { addRegistryLossRoute } from './routes/registry-loss.ts'
import { addRunnerSandboxesRoute } from './routes/runner-sandboxes.ts'
import { addRunnerTokenRoutes } from './routes/runner-tokens.ts'
import { addRunnerRoutes } from './routes/runners.ts'
import { addSandboxBatchRoute } from './routes/sandbox-batches.ts'
import { addSandboxSecretRoute } from './routes/sandbox-secrets.ts'
import { addSandboxRoutes } from './routes/sandboxes.ts'
import { addVouchedTokenRoute } from './routes/vouched-tokens.ts'
import { refuseInvalidCertificates, requireAdminOrRunner, requireRunner } from './runner-access.ts'

/**
 * Makes the control server: sandboxes, runners, vouched tokens and keys for admins, tokens and assignments for runners,
 * facts for both, health and metrics for all. Does not listen yet.
 */
export function createControlServer(options: ControlServerOptions): FastifyInstance {
  return createHttpServer({
    listener: 'control',
    http: options.http,
    addRoutes(app) {
      refuseInvalidCertificates(app, options)
      addHealthRoutes(app, options.health)
      addMetricsRoute(app, options.metrics)
      app.register((scope, _options, done) => {
        const admin = scope.withTypeProvider<TypeBoxTypeProvider>()
        const audited = requireAdmin(admin, options)
        addSandboxRoutes(admin, options, audited)
        addSandboxBatchRoute(admin, options, audited)
        addSandboxSecretRoute(admin, options, audited)
        addRunnerRoutes(admin, options, audited)
        addVouchedTokenRoute(admin, options, audited)
        addRegistryLossRoute(admin, options, audited)
        addKeyChangeRoutes(admin, options, audited)
        addKeysRoutes(admin, options)
        done()
      })
      app.register((scope, _options, done) => {
        const runner = scope.withTypeProvider<TypeBoxTypeProvider>()
        const runnerOf = requireRunner(runner, options)
        addRunnerTokenRoutes(runner, options, runnerOf)
        addRunnerSandboxesRoute(runner, options, runnerOf)
        done()
      })
      app.register((scope, _options, done) => {
        const either = scope.withTypeProvider<TypeBoxTypeProvider>()
        requireAdminOrRunner(either, options)
        addIssuerRoute(either, options)
        done()
      })
    },
  })
}
