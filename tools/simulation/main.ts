/*
 * `npm run simulate`: key rotation under thousands of policies over centuries of simulated time. Writes what it found
 * into docs/key-rotation.md and draws docs/images/key-rotation.svg; the exit code is 1 when a token met a verifier
 * without its key under a policy that passes the check. The same numbers every time; below two minutes.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_ROTATION_POLICY, MAX_TTL } from '@workload-identity/core'
import { format, resolveConfig } from 'prettier'
import { repositoryRoot } from '../repository.ts'
import { prove } from './proof.ts'
import { reportProof } from './report.ts'
import { isViolated } from './simulate.ts'
import { drawRotation } from './timeline-image.ts'

const size = { policies: 5000, rotations: 12, encounters: 40, broken: 500 }
const [begin, end] = ['<!-- simulation -->', '<!-- end of simulation -->']

const proof = prove(size)
const report = reportProof(proof, size)
console.log(report)

const page = join(repositoryRoot, 'docs/key-rotation.md')
const text = readFileSync(page, 'utf8')
const [before, rest] = text.split(begin)
const after = rest?.split(end)[1]
if (before === undefined || after === undefined)
  throw new Error(`${page} lacks the lines ${begin} and ${end}`)
const options = { ...(await resolveConfig(page)), parser: 'markdown' }
writeFileSync(page, await format(`${before}${begin}\n\n${report}\n\n${end}${after}`, options))
writeFileSync(
  join(repositoryRoot, 'docs/images/key-rotation.svg'),
  drawRotation(DEFAULT_ROTATION_POLICY, MAX_TTL),
)
process.exitCode = isViolated(proof.random) || isViolated(proof.worst) ? 1 : 0
