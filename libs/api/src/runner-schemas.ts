import { Type, type Static } from 'typebox'
import { errorBody, identity, mintedToken, sandbox } from './answer-schemas.ts'
import { closed, unixSeconds } from './common-schemas.ts'
import { audience, tokenFiles } from './request-schemas.ts'

const id = 'Letters, digits and `._/@+=~-`, 1–255 characters, the first one a letter or digit.'
const text = (description: string) => Type.String({ description })
const ttl = Type.Number({
  description: 'The life of the token in whole seconds, clamped to what the issuer allows.',
})

/** The most entries of a batch of a runner. */
export const MAX_RUNNER_BATCH = 100

/** The path of one runner. */
export const runnerPath = closed({ id: text('The ID of the runner, percent-encoded: it may hold `/`.') })

/** The body of `POST /v1/runners`. */
export const runnerRegistration = closed({
  runner_id: text(id),
  token_url: Type.Optional(
    text(
      'The token endpoint of its proxy as its sandboxes reach it: `http(s)://…/v1/token`, or `unix:<path>`. It goes into ' +
        'the `env` of its sandboxes; the address of the issuer does unless given.',
    ),
  ),
  token_dir: Type.Optional(
    text(
      "The folder of its proxy's token files as its sandboxes see it, an absolute path: for `WORKLOAD_IDENTITY_TOKEN_PATH`.",
    ),
  ),
})

/** The query of `DELETE /v1/runners/{id}`. */
export const runnerRemoval = closed({
  sandboxes: Type.Optional(
    Type.Literal('end', {
      description:
        'Ends the sandboxes that are assigned to it, too. Without it the answer is 409 while there are any.',
    }),
  ),
})

/** A runner as admins see it. */
export const runner = closed({
  runner_id: Type.String(),
  token_url: Type.Union([Type.String(), Type.Null()], {
    description: 'The token endpoint of its proxy; null when its sandboxes ask the issuer.',
  }),
  token_dir: Type.Union([Type.String(), Type.Null()], {
    description: 'The folder of token files as its sandboxes see it; null when none is known.',
  }),
  created_at: unixSeconds('When it was registered'),
})

/** A page of runners. */
export const runnerPage = closed({
  items: Type.Array(runner),
  next: Type.Union([Type.String(), Type.Null()], {
    description: '`after` of the following page; null on the last one.',
  }),
})

/** A runner that was just given a secret. */
export const runnerWithSecret = closed({
  runner_id: Type.String(),
  token_url: runner.properties.token_url,
  token_dir: runner.properties.token_dir,
  secret: text('Shown this once.'),
})

/** The body of `POST /v1/runner/tokens`. */
export const runnerTokenBatch = closed({
  requests: Type.Array(
    closed({ sandbox_id: text(id), audience: Type.Optional(audience), ttl: Type.Optional(ttl) }),
    { description: `1–${MAX_RUNNER_BATCH} requests.` },
  ),
})

/** The body of `POST /v1/runner/identities`. */
export const runnerIdentityBatch = closed({
  requests: Type.Array(closed({ sandbox_id: text(id) }), {
    description: `1–${MAX_RUNNER_BATCH} requests.`,
  }),
})

const refusedEntry = closed({ sandbox_id: Type.String(), ...errorBody.properties })

/** What became of a batch of mints. */
export const runnerTokenResults = closed({
  results: Type.Array(
    Type.Union([closed({ sandbox_id: Type.String(), ...mintedToken.properties }), refusedEntry]),
    { description: 'In the order asked: a token or an error for each.' },
  ),
})

/** What became of a batch of questions who a sandbox is. */
export const runnerIdentityResults = closed({
  results: Type.Array(
    Type.Union([closed({ sandbox_id: Type.String(), ...identity.properties }), refusedEntry]),
    { description: 'In the order asked: an identity or an error for each.' },
  ),
})

/** A sandbox as its runner sees it. */
export const assignment = closed({
  sandbox_id: Type.String(),
  app: Type.String(),
  secrets: Type.Array(
    closed({
      sha256: text('The SHA-256 of the secret, as 64 lower-case hexadecimal digits.'),
      valid_until: Type.Optional(unixSeconds('The first moment at which it no longer counts')),
    }),
  ),
  expires_at: sandbox.properties.expires_at,
  token_files: Type.Optional(tokenFiles),
  // The policy: a runner that keeps tokens must notice when those it keeps are no longer what would be issued.
  allowed_audiences: sandbox.properties.allowed_audiences,
  max_ttl: sandbox.properties.max_ttl,
  subject: sandbox.properties.subject,
})

/** An assignment that is no more. */
export const endedAssignment = closed({
  sandbox_id: Type.String(),
  ended_at: unixSeconds('When the sandbox was ended, expired or was moved to another runner'),
})

/** The answer of `GET /v1/runner/sandboxes`: all of it at once, under one `ETag`. */
export const assignmentList = closed({
  runner_id: Type.String(),
  registry_id: text('The registry it is from. A list of another registry says nothing of who is gone.'),
  sandboxes: Type.Array(assignment, { description: 'Every live sandbox that is assigned to the runner.' }),
  ended: Type.Array(endedAssignment, {
    description:
      'What was assigned to the runner within the last 26 hours and no longer is: the latest 20,000.',
  }),
})

/** The body of `POST /v1/runner/system-tokens`. */
export const systemTokenRequest = closed({
  workload: text('The name of a configured system workload.'),
  audience: Type.Optional(audience),
  ttl: Type.Optional(ttl),
})

/** A runner to be. */
export type RunnerRegistrationBody = Static<typeof runnerRegistration>
/** A runner as admins see it. */
export type RunnerBody = Static<typeof runner>
/** A page of runners. */
export type RunnerPageBody = Static<typeof runnerPage>
/** A runner with the secret it was just given. */
export type RunnerWithSecretBody = Static<typeof runnerWithSecret>
/** One token that a runner asks for. */
export type RunnerTokenRequest = Static<typeof runnerTokenBatch>['requests'][number]
/** A token or an error. */
export type RunnerTokenResult = Static<typeof runnerTokenResults>['results'][number]
/** An identity or an error. */
export type RunnerIdentityResult = Static<typeof runnerIdentityResults>['results'][number]
/** A sandbox as its runner sees it. */
export type Assignment = Static<typeof assignment>
/** An assignment that is no more. */
export type EndedAssignment = Static<typeof endedAssignment>
/** All assignments of a runner. */
export type AssignmentList = Static<typeof assignmentList>
/** A token of a system workload, as asked for. */
export type SystemTokenRequest = Static<typeof systemTokenRequest>
