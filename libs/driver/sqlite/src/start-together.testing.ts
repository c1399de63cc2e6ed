// Run as a process of its own by the tests: opens and migrates the databases whose paths are sent to it, one a line.
import { stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline'
import { migrate, openDatabase } from './index.ts'

stdout.write('ready\n')
for await (const path of createInterface(stdin)) {
  const database = openDatabase({ path, busyTimeoutMs: 10_000 })
  migrate(database, 'counter', [
    'CREATE TABLE counter (value INTEGER NOT NULL); INSERT INTO counter VALUES (0)',
    'UPDATE counter SET value = value + 1',
    'UPDATE counter SET value = value + 1',
  ])
  const row = database.prepare<[], { value: number }>('SELECT value FROM counter').get()
  stdout.write(`${row?.value}\n`)
  database.close()
}
