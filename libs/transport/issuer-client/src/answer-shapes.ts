import {
  assignmentList,
  errorBody,
  issuerFacts,
  mintedToken,
  runnerIdentityResults,
  runnerPage,
  runnerTokenResults,
  runnerWithSecret,
  sandbox,
  sandboxBatchResult,
  sandboxPage,
  sandboxWithSecret,
} from '@workload-identity/api'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

/** Whether a value is what an answer must be. */
export type Shape<T> = (value: unknown) => value is T

/**
 * The check for a schema that lets members be that it does not know: a newer issuer may say more. Compiled when first
 * used, and once.
 */
export function openShape<S extends TSchema>(schema: S): Shape<Static<S>> {
  let validator: { Check(value: unknown): boolean } | undefined
  return (value): value is Static<S> => {
    validator ??= Compile(withoutLimits(schema) as TSchema)
    return validator.Check(value)
  }
}

function withoutLimits(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutLimits)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword, value]) => !(keyword === 'additionalProperties' && value === false))
      .map(([keyword, value]) => [keyword, withoutLimits(value)]),
  )
}

/** What the answers must be, by their names in the API. */
export const shapes = {
  assignmentList: openShape(assignmentList),
  errorBody: openShape(errorBody),
  issuerFacts: openShape(issuerFacts),
  mintedToken: openShape(mintedToken),
  runnerIdentityResults: openShape(runnerIdentityResults),
  runnerPage: openShape(runnerPage),
  runnerTokenResults: openShape(runnerTokenResults),
  runnerWithSecret: openShape(runnerWithSecret),
  sandbox: openShape(sandbox),
  sandboxBatchResult: openShape(sandboxBatchResult),
  sandboxPage: openShape(sandboxPage),
  sandboxWithSecret: openShape(sandboxWithSecret),
} as const
