import { keySpecifications } from '@workload-identity/core'
import { Type } from 'typebox'
import { algorithm, closed, jwk, unixSeconds } from './common-schemas.ts'

const seconds = (description: string) => Type.Integer({ description: `${description}, in seconds.` })

/** A published key with its state. */
export const key = closed({
  kid: Type.String(),
  alg: algorithm,
  state: Type.Enum(['next', 'active', 'retired'], {
    description: '`next` does not sign yet, `active` signs, `retired` is there for verification only.',
  }),
  origin: Type.Enum(['generated', 'adopted']),
  created_at: unixSeconds('When it was made'),
  published_at: unixSeconds('When it was first published'),
  activated_at: Type.Optional(unixSeconds('When it began to sign')),
  retired_at: Type.Optional(unixSeconds('When it ceased to sign')),
  remove_at: Type.Optional(unixSeconds('When it will no longer be published')),
  reason: Type.Optional(Type.String()),
  seen_by: Type.Optional(
    Type.Array(
      closed({
        user_agent: Type.String(),
        address: Type.String(),
        first_seen_at: unixSeconds('When it was first given the key'),
        last_seen_at: unixSeconds('When it was last'),
      }),
      {
        description:
          'Of the next key: who fetched it from this replica since its start, at most 1000, as they name themselves. ' +
          'Advice: nothing follows from who is missing unless `--hold-promotion-for` names it.',
      },
    ),
  ),
  jwk,
})

/** The published keys, always one page. */
export const keyPage = closed({ items: Type.Array(key), next: Type.Null() })

/** A key that signs no more. */
const formerKey = closed({
  kid: Type.String(),
  alg: Type.Optional(algorithm),
  state: Type.Enum(['retired', 'removed', 'revoked'], {
    description:
      '`retired` is still published, `removed` left when its time was over. What a `revoked` key signed proves nothing: ' +
      'whoever had it could date tokens as they liked.',
  }),
  signed_from: Type.Optional(
    unixSeconds('When it began to sign; absent for a key of an adopted cluster, which signed before it came'),
  ),
  signed_until: Type.Optional(
    unixSeconds(
      'When it ceased to sign, with other replicas up to `store_lag` later; absent when it never signed',
    ),
  ),
  remove_at: Type.Optional(unixSeconds('When it will no longer be published')),
  ended_at: Type.Optional(unixSeconds('When it left the ring')),
  reason: Type.Optional(Type.String({ description: '`removed`, `revoked`, or `revoked: <why>`.' })),
  jwk: Type.Optional(jwk),
})

/** The keys that sign no more, always one page. */
export const keyHistory = closed({ items: Type.Array(formerKey), next: Type.Null() })

const rule = closed({
  name: Type.String(),
  left: Type.Integer(),
  comparison: Type.Enum(['>', '>=', '<=']),
  right: Type.Integer(),
  holds: Type.Boolean(),
  sentence: Type.String({ description: 'The rule with its numbers, for people.' }),
})

const timelineEntry = closed({
  change: Type.Enum(['published', 'signs', 'retires', 'leaves']),
  kid: Type.Optional(Type.String({ description: 'Absent for the key that is not made yet.' })),
  at: Type.Optional(unixSeconds('When; absent for a key that stays until it is removed by hand')),
  because: Type.String({ description: 'What the date follows from.' }),
})

/** What happens to the keys next. */
export const rotationPlan = closed({
  now: unixSeconds('The clock of the issuer'),
  signing_algorithm: Type.Enum([...keySpecifications], { description: 'The kind of new keys.' }),
  policy: closed({
    active_for: seconds('How long a key signs'),
    publish_ahead: seconds('How long it is published before that'),
    keep_retired: seconds('How long it stays published after that'),
    jwks_max_age: seconds('Longest `max-age` of the key set'),
    stale_if_error: seconds('`stale-if-error` of the key set; 0 leaves it out'),
    store_lag: seconds('How long a replica may go without reading the ring before it stops signing'),
    max_ttl: seconds('The longest life of a token'),
    clock_tolerance: seconds('How far clocks may be apart'),
  }),
  checks: Type.Array(rule, {
    description: 'What must hold so that no token meets a verifier without its key.',
  }),
  next_change: closed({
    due: Type.Optional(
      Type.Enum(['publish-next', 'activate', 'remove'], {
        description: 'The step that is due now, if one is.',
      }),
    ),
    at: unixSeconds('When the next step is due'),
    because: Type.String(),
  }),
  timeline: Type.Array(timelineEntry, { description: 'By date, when nobody interferes.' }),
})

const lackUntil = Type.Optional(
  unixSeconds('Until when verifiers may not know the key that signs now; absent when all know it'),
)

/** What a rotation by hand came to. */
export const rotatedKeys = closed({
  outcome: Type.Enum(['published', 'promoted', 'waiting'], {
    description: 'The next key was published, began to sign, or must wait until `promotable_at`.',
  }),
  active_kid: Type.String({ description: 'The key that signs now.' }),
  next_kid: Type.Optional(Type.String({ description: 'The key that is published and waits.' })),
  promotable_at: Type.Optional(unixSeconds('From when on the same request lets it sign')),
  verifiers_lack_until: lackUntil,
})

/** What revoking a key came to. */
export const revokedKey = closed({
  kid: Type.String(),
  revoked_at: unixSeconds('When'),
  cached_until: unixSeconds('Until when cached copies of the key set may still accept it'),
  active_kid: Type.String({ description: 'The key that signs now.' }),
  successor: Type.Optional(
    Type.Enum(['promoted', 'created'], {
      description: 'Where that one comes from, when the revoked key signed: it waited, or was made for this.',
    }),
  ),
  verifiers_lack_until: lackUntil,
})
