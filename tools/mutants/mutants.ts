/** One change of one operator in one place, which a test of its own project must catch. */
export interface Mutant {
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** What would go wrong if nobody noticed. */
  readonly harm: string
}

const core = 'libs/core/src'

/** Changes picked by hand: the comparisons on which trust depends. */
export const mutants: readonly Mutant[] = [
  {
    file: `${core}/key-ring/key-ring.ts`,
    find: 'now < key.remove_at',
    replace: 'now <= key.remove_at',
    harm: 'a retired key stays published a second too long',
  },
  {
    file: `${core}/key-ring/key-ring.ts`,
    find: "if (count('active') !== 1)",
    replace: "if (count('active') < 1)",
    harm: 'a ring with two signing keys passes',
  },
  {
    file: `${core}/key-ring/key-ring.ts`,
    find: 'isTombstone(entry) && seen.has(entry.kid)',
    replace: 'isTombstone(entry) && !seen.has(entry.kid)',
    harm: 'a revoked key comes back',
  },
  {
    file: `${core}/key-ring/key-material.ts`,
    find: 'if (bits < MIN_RSA_BITS)',
    replace: 'if (bits < MIN_RSA_BITS - 1)',
    harm: 'a key of 2047 bits signs',
  },
  {
    file: `${core}/key-ring/jwks.ts`,
    find: 'Math.max(MIN_JWKS_MAX_AGE, Math.floor(',
    replace: 'Math.min(MIN_JWKS_MAX_AGE, Math.floor(',
    harm: 'verifiers hammer the issuer around a change',
  },
  {
    file: `${core}/key-ring/rotation-policy.ts`,
    find: '2 * jwksMaxAge + staleIfError + 2 * CLOCK_TOLERANCE + storeLag\n',
    replace: '2 * jwksMaxAge + staleIfError + 2 * CLOCK_TOLERANCE + storeLag - 1\n',
    harm: 'a policy one second too short passes',
  },
  {
    file: `${core}/key-ring/rotation-policy.ts`,
    find: 'maxTtl + 3 * CLOCK_TOLERANCE + storeLag,',
    replace: 'maxTtl + 3 * CLOCK_TOLERANCE + storeLag - 1,',
    harm: 'tokens outlive their key by a second',
  },
  {
    file: `${core}/key-ring/rotation-plan.ts`,
    find: 'now >= candidate.at',
    replace: 'now > candidate.at',
    harm: 'every step is a second late',
  },
  {
    file: `${core}/key-ring/rotation-plan.ts`,
    find: 'isHastened || known > served',
    replace: 'isHastened || known < served',
    harm: 'a key signs before everybody has it',
  },
  {
    file: `${core}/key-ring/rotation-plan.ts`,
    find: 'isKindChanging(ring, specification) && now < due',
    replace: 'isKindChanging(ring, specification) && now <= due',
    harm: 'a late key of another kind does not count as late',
  },
  {
    file: `${core}/key-ring/rotation-plan.ts`,
    find: 'Math.max(now, signsSince)',
    replace: 'Math.min(now, signsSince)',
    harm: 'a clock that was put back dates a new key too early',
  },
  {
    file: `${core}/key-ring/rotation-plan.ts`,
    find: 'removals(ring, holds)]',
    replace: 'removals(ring, [])]',
    harm: 'a clock that leaps ahead removes a key whose tokens are alive',
  },
  {
    file: `${core}/key-ring/clock-watch.ts`,
    find: 'if (aheadBy === 0) return []',
    replace: 'if (aheadBy >= 0) return []',
    harm: 'a clock that leaps ahead lets a key sign that nobody has seen',
  },
  {
    file: `${core}/key-ring/transitions.ts`,
    find: 'Math.max(key.activated_at ?? now, now)',
    replace: 'Math.min(key.activated_at ?? now, now)',
    harm: 'a retired key leaves before its last token is over',
  },
  {
    file: `${core}/use-cases/rotate-by-hand.ts`,
    find: 'if (now < promotable_at)',
    replace: 'if (now <= promotable_at)',
    harm: 'a rotation by hand is told to come back at a moment that is too early',
  },
  {
    file: `${core}/use-cases/remove-key.ts`,
    find: 'if (now >= over)',
    replace: 'if (now > over)',
    harm: 'a key is said to be in use a second too long',
  },
  {
    file: `${core}/use-cases/change-key-ring.ts`,
    find: 'keyRing.ring().write_id !== changed.write_id',
    replace: 'keyRing.ring().write_id === changed.write_id',
    harm: 'a step that was not saved is told as made',
  },
  {
    file: `${core}/key-ring/codec.ts`,
    find: 'if (major !== knownMajor)',
    replace: 'if (major < knownMajor)',
    harm: 'a ring of a newer release is read and written as if it were known',
  },
  {
    file: `${core}/token/audience.ts`,
    find: 'if (audiences.length > MAX_AUDIENCES)',
    replace: 'if (audiences.length >= MAX_AUDIENCES)',
    harm: 'ten audiences are refused',
  },
  {
    file: `${core}/token/ttl.ts`,
    find: 'Number.isInteger(requested) && requested > 0',
    replace: 'Number.isInteger(requested) && requested >= 0',
    harm: 'a TTL of 0 passes for 60 seconds',
  },
  {
    file: `${core}/token/ttl.ts`,
    find: 'Math.min(policy.maxTtl, narrower ?? policy.maxTtl)',
    replace: 'Math.max(policy.maxTtl, narrower ?? policy.maxTtl)',
    harm: "a sandbox's own limit is ignored",
  },
  {
    file: `${core}/token/verify.ts`,
    find: 'if (alg !== key.alg)',
    replace: 'if (alg === key.alg + key.alg)',
    harm: 'a token chooses its algorithm',
  },
  {
    file: `${core}/token/verify.ts`,
    find: 'aud.length !== 1',
    replace: 'aud.length === 0',
    harm: 'a token for two audiences can be replayed',
  },
  {
    file: `${core}/token/verify.ts`,
    find: "if (payload['identity_type'] !== expected)",
    replace: "if (payload['identity_type'] === undefined)",
    harm: 'a sandbox passes for the system',
  },
  {
    file: `${core}/identifiers.ts`,
    find: 'text.length > MAX_IDENTIFIER_LENGTH',
    replace: 'text.length > MAX_IDENTIFIER_LENGTH + 1',
    harm: 'an ID of 256 characters passes',
  },
  {
    file: `${core}/key-ring/rotation-policy.ts`,
    find: 'age < storeLag',
    replace: 'age <= storeLag',
    harm: 'a replica signs a second too long without its store',
  },
  {
    file: `${core}/key-ring/ring-recovery.ts`,
    find: 'stored.cluster_id !== current.cluster_id',
    replace: 'stored.ring_id === current.cluster_id',
    harm: "another cluster's ring is merged or overwritten",
  },
  {
    file: `${core}/key-ring/ring-recovery.ts`,
    find: 'if (order > 0)',
    replace: 'if (order >= -1)',
    harm: 'an older ring is taken over, and newer keys are forgotten',
  },
  {
    file: `${core}/use-cases/secret-grace.ts`,
    find: 'graceSeconds <= MAX_GRACE',
    replace: 'graceSeconds < MAX_GRACE',
    harm: 'a grace of a day is refused',
  },
  {
    file: `${core}/use-cases/open-key-ring.ts`,
    find: 'if (!(await registry.isEmpty()))',
    replace: 'if (await registry.isEmpty())',
    harm: 'a first key is generated where the ring was lost',
  },
  {
    file: 'libs/key-store/sqlite/src/sqlite-key-store.ts',
    find: 'WHERE generation = ? AND write_id = ?',
    replace: 'WHERE generation = ? OR write_id = ?',
    harm: 'a save overwrites what somebody else has saved',
  },
  {
    file: 'libs/key-store/sqlite/src/sqlite-key-store.ts',
    find: 'if (changes === 0)',
    replace: 'if (changes < 0)',
    harm: 'a lost save is reported as done',
  },
  {
    file: 'libs/registry/sqlite/src/record-sql.ts',
    find: 'secret.valid_until > @now',
    replace: 'secret.valid_until >= @now',
    harm: 'a replaced secret works a second too long',
  },
  {
    file: 'libs/registry/sqlite/src/record-table.ts',
    find: 'stored.revision !== record.revision - 1',
    replace: 'stored.revision > record.revision - 1',
    harm: 'a change that skips a revision passes',
  },
  {
    file: 'libs/registry/sqlite/src/record-table.ts',
    find: 'records.length > limit',
    replace: 'records.length >= limit',
    harm: 'a list says that a page follows where none does',
  },
  {
    file: `${core}/use-cases/runner-tokens.ts`,
    find: 'record?.runner_id !== runner.runner_id',
    replace: 'record?.runner_id === undefined',
    harm: 'a runner gets tokens for the sandboxes of another one',
  },
  {
    file: `${core}/use-cases/system-tokens.ts`,
    find: 'audiences.every((wanted)',
    replace: 'audiences.some((wanted)',
    harm: 'an audience that is not allowed comes along with one that is',
  },
  {
    file: 'libs/runner/src/follow-assignments.ts',
    find: 'poll.lastFreshAnswered() > askedBefore',
    replace: 'poll.lastFreshAnswered() >= askedBefore',
    harm: 'a new sandbox is refused by assignments from before it was registered',
  },
  {
    file: 'libs/runner/src/kept-token.ts',
    find: '2 * ageMs < life * 1000',
    replace: '2 * ageMs <= life * 1000',
    harm: 'a token is given again when half of its life is over',
  },
  {
    file: 'libs/runner/src/upstream-batches.ts',
    find: 'answers.length === asked.length && asked',
    replace: 'answers.length >= asked.length || asked',
    harm: 'a sandbox is handed the token of another one',
  },
]
