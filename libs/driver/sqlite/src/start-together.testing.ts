// Run as a process of its own by the tests: opens and migrates the database named on its command line.
import { argv, stdout } from 'node:process'
import { migrate, openDatabase } from './index.ts'

const [, , path = ''] = argv
const database = openDatabase({ path, busyTimeoutMs: 10_000 })
migrate(database, 'counter', [
  'CREATE TABLE counter (value INTEGER NOT NULL); INSERT INTO counter VALUES (0)',
  'UPDATE counter SET value = value + 1',
  'UPDATE counter SET value = value + 1',
])
stdout.write(String(database.prepare<[], { value: number }>('SELECT value FROM counter').get()?.value))
database.close()
