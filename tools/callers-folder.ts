/**
 * The folder that a script of npm was asked for from, so that relative paths can count from there: npm itself goes to the
 * root of the repository. The folder there is already when the program was not started by that script.
 */
export function findCallersFolder(script: string, env: Readonly<Record<string, string | undefined>>): string {
  // Below another script of npm, such as the tests, the folder is that of somebody else.
  const { npm_lifecycle_event: running, INIT_CWD: folder } = env
  return running === script && folder !== undefined && folder !== '' ? folder : '.'
}
