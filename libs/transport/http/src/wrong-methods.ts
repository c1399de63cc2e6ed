import { METHODS } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { methodNotAllowed } from './http-refusal.ts'
import './route-config.ts'

/** The routes of a server as they are declared, to answer every other method on their paths. */
export interface RouteTable {
  /** Declares, for every path so far, the methods that it does not have. They are answered 405 with `Allow`. */
  refuseOtherMethods(scope: FastifyInstance): void
  /** All methods of the server, as a value of `Allow`. */
  allMethods(): string
  /** The methods of a request target as it came, as a value of `Allow`; those of the server when no route has its path. */
  methodsAt(target: string): string
}

/**
 * Starts to note the routes of a server. Fastify itself answers a wrong method with 404, and knows a few methods only;
 * the ones that Node's parser lets through are all made known to it.
 */
export function watchRoutes(app: FastifyInstance): RouteTable {
  const methodsByUrl = new Map<string, Set<string>>()
  for (const method of METHODS) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
  app.addHook('onRoute', ({ url, method, config }) => {
    if (config?.allow !== undefined) return
    const methods = methodsByUrl.get(url) ?? new Set()
    for (const name of [method].flat()) methods.add(name)
    methodsByUrl.set(url, methods)
  })
  const allMethods = () =>
    formatMethods(new Set([...methodsByUrl.values()].flatMap((methods) => [...methods])))
  return {
    allMethods,
    methodsAt(target) {
      const [path = ''] = target.split('?', 1)
      const found = [...methodsByUrl].find(([url]) => isPathOf(url, path))
      return found === undefined ? allMethods() : formatMethods(found[1])
    },
    refuseOtherMethods(scope) {
      for (const [url, methods] of methodsByUrl) {
        const allow = formatMethods(methods)
        scope.route({
          method: METHODS.filter((method) => !methods.has(method)),
          url,
          config: { allow },
          handler: () => {
            throw methodNotAllowed(allow)
          },
        })
      }
    },
  }
}

function formatMethods(methods: ReadonlySet<string>): string {
  return [...methods].sort().join(', ')
}

function isPathOf(url: string, path: string): boolean {
  const parts = path.split('/')
  const patterns = url.split('/')
  return (
    parts.length === patterns.length &&
    patterns.every((pattern, index) =>
      pattern.startsWith(':') ? parts[index] !== '' : parts[index] === pattern,
    )
  )
}
