import { defineScript } from '@workload-identity/driver-redis'
import { MARK } from './registry-keys.ts'

/*
 * Each script works on the keys of one shard and first makes sure of the registry's ID, which lies in the same hash as
 * the records. It answers a list whose first element says what happened: `lost` = another registry or none,
 * `corrupt` = a record cannot be read; nothing was changed then.
 *
 * KEYS of the scripts on records: 1 records, 2 ids, 3 by runner, 4 expiry. ARGV[1] is the registry ID, ARGV[2] now.
 */
const prelude = `
local function isLost()
  return redis.call('HGET', KEYS[1], '${MARK}') ~= ARGV[1]
end
local function decode(text)
  local ok, record = pcall(cjson.decode, text)
  if not ok or type(record) ~= 'table' or type(record.secrets) ~= 'table' then return nil end
  if record.expires_at ~= nil and type(record.expires_at) ~= 'number' then return nil end
  return record
end
local function isLive(record)
  return record.expires_at == nil or record.expires_at > tonumber(ARGV[2])
end
local function forget(id, record)
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
  redis.call('ZREM', KEYS[4], id)
  if type(record.runner_id) == 'string' then redis.call('ZREM', KEYS[3], record.runner_id .. ' ' .. id) end
end
`

/**
 * Writes a record. ARGV: 3 id, 4 `register` or `replace`, 5 the text that is replaced, 6 the new text, 7 member of the
 * list by runner or '', 8 `expires_at` or ''. KEYS[5], if given, must still exist: the claim on the record's new secrets.
 * Answers `done` and the expired text that was in the way, or `exists`, `absent`, `changed`, `expired` (the claim is).
 */
export const writeRecord = defineScript(`${prelude}
if isLost() then return {'lost'} end
local id = ARGV[3]
local stored = redis.call('HGET', KEYS[1], id)
local record = stored and decode(stored)
if stored and not record then return {'corrupt'} end
local live = record and isLive(record)
if ARGV[4] == 'register' and live then return {'exists'} end
if ARGV[4] == 'replace' and not live then return {'absent'} end
if ARGV[4] == 'replace' and stored ~= ARGV[5] then return {'changed'} end
if KEYS[5] and redis.call('DEL', KEYS[5]) == 0 then return {'expired'} end
if record then forget(id, record) end
redis.call('HSET', KEYS[1], id, ARGV[6])
redis.call('ZADD', KEYS[2], 0, id)
if ARGV[7] ~= '' then redis.call('ZADD', KEYS[3], 0, ARGV[7]) end
if ARGV[8] ~= '' then redis.call('ZADD', KEYS[4], ARGV[8], id) end
return {'done', stored or ''}
`)

/** Ends the record with ID ARGV[3]. Answers `ended`, or `absent` when it was not live, and the text that was there. */
export const endRecord = defineScript(`${prelude}
if isLost() then return {'lost'} end
local stored = redis.call('HGET', KEYS[1], ARGV[3])
if not stored then return {'absent', ''} end
local record = decode(stored)
if not record then return {'corrupt'} end
forget(ARGV[3], record)
return {isLive(record) and 'ended' or 'absent', stored}
`)

/** Deletes at most ARGV[3] expired records. Answers `removed` and their texts. */
export const removeExpiredRecords = defineScript(`${prelude}
if isLost() then return {'lost'} end
local answer = {'removed'}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])) do
  local stored = redis.call('HGET', KEYS[1], id)
  local record = stored and decode(stored)
  if not record then return {'corrupt'} end
  forget(id, record)
  answer[#answer + 1] = stored
end
return answer
`)

/**
 * A part of the list, ordered by ID. ARGV: 3 `ids` or `runner`, 4 and 5 the limits of ZRANGEBYLEX, 6 how many, 7 what
 * members begin with before the ID. Answers `page` and ID, text, ID, text …; `corrupt` also when records and list differ.
 */
export const listRecords = defineScript(`${prelude}
if isLost() then return {'lost'} end
if redis.call('HLEN', KEYS[1]) - 1 ~= redis.call('ZCARD', KEYS[2]) then return {'corrupt'} end
local list = ARGV[3] == 'runner' and KEYS[3] or KEYS[2]
local answer = {'page'}
for _, member in ipairs(redis.call('ZRANGEBYLEX', list, ARGV[4], ARGV[5], 'LIMIT', 0, ARGV[6])) do
  local id = string.sub(member, #ARGV[7] + 1)
  local stored = redis.call('HGET', KEYS[1], id)
  if not stored then return {'corrupt'} end
  answer[#answer + 1] = id
  answer[#answer + 1] = stored
end
return answer
`)

/**
 * Whether the record with ID ARGV[3] holds on to the secret ARGV[4], whose time is not over, for which it once made the claim KEYS[5]. Answers
 * `in-use` = the live record has it, `busy` = the claim may still be completed, or `free` = never again without a new
 * claim. An expired record is deleted, so that this stays true whatever other clocks say; its text follows `free`.
 */
export const probeOwner = defineScript(`${prelude}
if isLost() then return {'lost'} end
local stored = redis.call('HGET', KEYS[1], ARGV[3])
local record = stored and decode(stored)
if stored and not record then return {'corrupt'} end
local deleted = ''
if record and isLive(record) then
  for _, secret in ipairs(record.secrets) do
    local counts = secret.valid_until == nil or secret.valid_until > tonumber(ARGV[2])
    if secret.sha256 == ARGV[4] and counts then return {'in-use'} end
  end
elseif record then
  forget(ARGV[3], record)
  deleted = stored
end
if redis.call('EXISTS', KEYS[5]) == 1 then return {'busy'} end
return {'free', deleted}
`)

/**
 * Gives the secret ARGV[2] to the claim ARGV[4], if ARGV[3] has it (''= nobody). KEYS[1] is the hash of secrets. Answers
 * `claimed`, or `taken` and who has it.
 */
export const claimSecret = defineScript(`
if redis.call('HGET', KEYS[1], '${MARK}') ~= ARGV[1] then return {'lost'} end
local owner = redis.call('HGET', KEYS[1], ARGV[2]) or ''
if owner ~= ARGV[3] then return {'taken', owner} end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
return {'claimed'}
`)

/** Deletes the secret ARGV[1], if ARGV[2] still has it. */
export const dropSecret = defineScript(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`)

/** Starts the claim KEYS[1], which can be completed for ARGV[1] seconds. */
export const openClaim = defineScript(`
return redis.call('SET', KEYS[1], '', 'EX', ARGV[1])
`)

/** Gives up the claim KEYS[1]. */
export const closeClaim = defineScript(`
return redis.call('DEL', KEYS[1])
`)

/** Gives KEYS[1] the value ARGV[1] unless it has one, and answers the one it has. */
export const claimRegistryId = defineScript(`
redis.call('SETNX', KEYS[1], ARGV[1])
return redis.call('GET', KEYS[1])
`)

/** Writes the registry ID ARGV[1] into every hash of KEYS. */
export const markShard = defineScript(`
for _, key in ipairs(KEYS) do
  if redis.call('HGET', key, '${MARK}') ~= ARGV[1] then redis.call('HSET', key, '${MARK}', ARGV[1]) end
end
return #KEYS
`)

/** Answers the registry ID of every hash of KEYS, '' where there is none. */
export const readMarks = defineScript(`
local answer = {}
for index, key in ipairs(KEYS) do answer[index] = redis.call('HGET', key, '${MARK}') or '' end
return answer
`)

/** Answers how many fields other than the registry ID the hashes of KEYS have together. */
export const countFields = defineScript(`
local count = 0
for _, key in ipairs(KEYS) do count = count + redis.call('HLEN', key) - redis.call('HEXISTS', key, '${MARK}') end
return count
`)
