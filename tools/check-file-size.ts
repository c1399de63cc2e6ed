/*
 * Harm prevented: files that grow until nobody reads them whole. Above 250 lines a file should be split by reason to
 * change; above 400 it must be.
 */
import { report, type Problems } from './report.ts'
import { isTestFile, listFiles, readFiles, repositoryRoot, type TextFile } from './repository.ts'

/** Above this a file is named, but passes. */
export const warnAbove = 250
/** Above this a file fails, unless {@link exceptions} gives a reason; a test is only named. */
export const failAbove = 400

/** Files that may be longer, each with its reason. */
export const exceptions: Readonly<Record<string, string>> = {}

/** What the sizes of some files say: problems fail the check, warnings are only shown. */
export interface SizeFindings {
  readonly problems: Problems
  readonly warnings: Problems
}

/** Sorts files by whether their length is a problem, a warning or neither. */
export function judgeSizes(
  files: readonly TextFile[],
  reasons: Readonly<Record<string, string>>,
): SizeFindings {
  const problems: string[] = []
  const warnings: string[] = []
  for (const { path, text } of files) {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
    if (lines <= warnAbove || path in reasons) continue
    if (lines > failAbove && !isTestFile(path)) {
      problems.push(`${path} has ${lines} lines, more than ${failAbove}: split it by reason to change`)
    } else {
      warnings.push(`${path} has ${lines} lines, more than ${warnAbove}`)
    }
  }
  for (const path of Object.keys(reasons)) {
    if (!files.some((file) => file.path === path))
      problems.push(`the exception for ${path} names no file: remove it`)
  }
  return { problems, warnings }
}

if (import.meta.main) {
  const files = readFiles(repositoryRoot, listFiles(repositoryRoot), (path) => path.endsWith('.ts'))
  const { problems, warnings } = judgeSizes(files, exceptions)
  for (const warning of warnings) console.warn(`check-file-size: warning: ${warning}`)
  report('check-file-size', problems, `${files.length} TypeScript files, none above ${failAbove} lines`)
}
