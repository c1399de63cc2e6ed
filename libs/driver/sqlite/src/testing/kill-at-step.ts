import type { SqliteDatabase } from '../sqlite-database.ts'

let before: () => void = () => undefined

/**
 * Kills this process before the step `step` (from 1) that it takes from now on in a database watched by
 * {@link watchSteps}: each statement, each transaction before it begins and before it commits, each pragma.
 */
export function killAtDatabaseStep(step: number): void {
  let steps = 0
  before = () => {
    steps += 1
    if (steps === step) process.kill(process.pid, 'SIGKILL')
  }
}

/** The database, with every step of it seen by {@link killAtDatabaseStep}. The code that uses it has no switch. */
export function watchSteps(database: SqliteDatabase): SqliteDatabase {
  return new Proxy(database, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      const call = (...parameters: unknown[]): unknown => Reflect.apply(member, target, parameters) as unknown
      if (name === 'prepare') return (sql: string) => watchStatement(call(sql) as object)
      if (name === 'transaction') return (work: () => unknown) => watchTransaction(target, work)
      if (name === 'pragma' || name === 'exec') {
        return (...parameters: unknown[]) => {
          before()
          return call(...parameters)
        }
      }
      return call
    },
  })
}

function watchStatement(statement: object): object {
  return new Proxy(statement, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...parameters: unknown[]) => {
        before()
        return Reflect.apply(member, target, parameters) as unknown
      }
    },
  })
}

function watchTransaction(database: SqliteDatabase, work: () => unknown) {
  const transaction = database.transaction(() => {
    const result = work()
    before()
    return result
  })
  const run = (start: () => unknown) => () => {
    before()
    const result = start()
    before()
    return result
  }
  return { immediate: run(() => transaction.immediate()), deferred: run(() => transaction.deferred()) }
}
