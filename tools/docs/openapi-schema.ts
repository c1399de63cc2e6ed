import { namedSchemas } from '@workload-identity/api'

const nameBySchema = new Map(
  Object.entries(namedSchemas).map(([name, schema]) => [JSON.stringify(schema), name]),
)

/**
 * A TypeBox schema as it stands in the document: what equals a named schema refers to it.
 *
 * @param self the name of the schema itself, when it is that which is being written.
 */
export function toSchema(schema: unknown, self?: string): unknown {
  return refer(JSON.parse(JSON.stringify(schema)), self)
}

function refer(value: unknown, self?: string): unknown {
  if (Array.isArray(value)) return value.map((item) => refer(item))
  if (typeof value !== 'object' || value === null) return value
  const name = nameBySchema.get(JSON.stringify(value))
  if (name !== undefined && name !== self) return { $ref: `#/components/schemas/${name}` }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, refer(item)]))
}

/** The properties of an object schema, each with whether it is required. */
export function propertiesOf(
  schema: unknown,
): readonly { readonly name: string; readonly schema: unknown; readonly isRequired: boolean }[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    readonly properties?: Readonly<Record<string, unknown>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, property]) => ({
    name,
    schema: property,
    isRequired: required.includes(name),
  }))
}
