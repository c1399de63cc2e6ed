import { readFileSync } from 'node:fs'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import type { Problems } from '../report.ts'
import type { Tarball } from './pack-project.ts'

/**
 * The most bytes that core may have once unpacked, its README included. Its comments are in the types, where editors show
 * them, and not once more in the JavaScript.
 */
export const CORE_SIZE_BUDGET = 400_000

const core = '@workload-identity/core'
const shipped = /^(package\.json|README\.md|LICENSE|dist\/.+\.(js|d\.ts))$/

/**
 * Resolutions that cannot work and need not: packages are ESM only, so that `require` of an old Node and the resolver of
 * before `exports` find nothing.
 */
const acceptedKinds = new Set(['CJSResolvesToESM', 'NoResolution'])

/** Everything that is wrong with a package as a consumer would get it; empty when nothing is. */
export async function judgeTarball(tarball: Tarball): Promise<Problems> {
  return [...judgeContents(tarball), ...(await judgeManifest(tarball)), ...(await judgeTypes(tarball))].map(
    (problem) => `${tarball.name}: ${problem}`,
  )
}

/** Files that do not belong, files that are missing, and a core that outgrew its budget. */
export function judgeContents({ name, files, unpackedSize }: Tarball): Problems {
  const strange = files.filter((file) => !shipped.test(file) || /\.(test|testing)\./.test(file))
  return [
    ...strange.map((file) => `${file} does not belong into the package`),
    ...['package.json', 'README.md', 'LICENSE']
      .filter((file) => !files.includes(file))
      .map((file) => `${file} is missing`),
    ...(name === core && unpackedSize > CORE_SIZE_BUDGET
      ? [`it has ${unpackedSize} bytes, the budget is ${CORE_SIZE_BUDGET}`]
      : []),
  ]
}

async function judgeManifest({ path }: Tarball): Promise<Problems> {
  const bytes = readFileSync(path)
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  const { messages, pkg } = await publint({ pack: { tarball }, level: 'warning', strict: true })
  return messages.map((message) => `publint: ${formatMessage(message, pkg) ?? message.code}`)
}

async function judgeTypes({ path }: Tarball): Promise<Problems> {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(path))))
  if (result.types === false) return ['are-the-types-wrong: it has no types']
  return result.problems
    .filter((problem) => !acceptedKinds.has(problem.kind))
    .map((problem) => `are-the-types-wrong: ${JSON.stringify(problem)}`)
}
