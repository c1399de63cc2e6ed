/** The condition under which workspace packages export their sources; consumers must never meet it. */
export const SOURCE_CONDITION = '@workload-identity/source'

/** A parsed package.json. */
export type PackageManifest = Readonly<Record<string, unknown>>

const workspaceOnly = new Set(['devDependencies', 'nx', 'scripts'])

/**
 * The package.json of a package as it is published: without what serves the workspace only, and without the source
 * condition at any depth of `exports`. A consumer who sets that condition would get files that are not in the package.
 */
export function toPublishManifest(manifest: PackageManifest): PackageManifest {
  const kept = Object.entries(manifest).filter(([name]) => !workspaceOnly.has(name))
  return Object.fromEntries(
    kept.map(([name, value]) => [name, name === 'exports' ? withoutSourceCondition(value) : value]),
  )
}

function withoutSourceCondition(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const kept = Object.entries(value).filter(([condition]) => condition !== SOURCE_CONDITION)
  return Object.fromEntries(kept.map(([condition, target]) => [condition, withoutSourceCondition(target)]))
}
