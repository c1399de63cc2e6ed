/** The settings that `startProgram` handed to this program. */
export function readSettings(): unknown {
  return JSON.parse(process.argv[2] ?? 'null')
}

/** Sends a message to the process that started this one; ends this one when the other has gone. */
export function answer(message: unknown): void {
  process.send?.(message)
}

process.on('disconnect', () => process.exit(0))
