import { defineScript } from '@workload-identity/driver-redis'

/*
 * Scripts on the notes of one shard. KEYS[1] is the shard's index of runners, by their earliest note; the other keys are
 * the notes of one runner each.
 */
const prelude = `
local function index(notes, runner)
  local earliest = redis.call('ZRANGE', notes, 0, 0, 'WITHSCORES')
  if earliest[2] then
    redis.call('ZADD', KEYS[1], earliest[2], runner)
  else
    redis.call('ZREM', KEYS[1], runner)
  end
end
`

/**
 * Writes notes. ARGV: the runners of KEYS[2] and on, then for each note the number of its runner (from 1), `ended_at` and
 * the sandbox ID. Answers how many notes there were.
 */
export const putNotes = defineScript(`${prelude}
local runners = #KEYS - 1
for at = runners + 1, #ARGV, 3 do
  redis.call('ZADD', KEYS[tonumber(ARGV[at]) + 1], ARGV[at + 1], ARGV[at + 2])
end
for number = 1, runners do index(KEYS[number + 1], ARGV[number]) end
return (#ARGV - runners) / 3
`)

/**
 * Deletes at most ARGV[2] notes from before ARGV[1]; the runners of KEYS[2] and on follow. Answers how many were deleted.
 * The index is put right for every runner, also for one whose notes are gone already.
 */
export const removeNotes = defineScript(`${prelude}
local removed = 0
for number = 2, #KEYS do
  local count = tonumber(ARGV[2]) - removed
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[number], '-inf', '(' .. ARGV[1], 'LIMIT', 0, count)) do
    removed = removed + redis.call('ZREM', KEYS[number], id)
  end
  index(KEYS[number], ARGV[number + 1])
end
return removed
`)

/** Answers sandbox ID, `ended_at`, sandbox ID, `ended_at` … of the notes KEYS[1] from ARGV[1] to ARGV[2]. */
export const readNotes = defineScript(`
return redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[2], 'WITHSCORES')
`)
