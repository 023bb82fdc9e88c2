-- The shared state in Redis: every operation looks and counts at once, at Redis's time.
-- KEYS: all that an operation may use (keys_of in redis_connection.py). ARGV: the prefix of all keys, the operation, and its arguments as JSON. Numbers come back as texts, since Redis cuts
-- off what is behind the decimal point.

local PREFIX, OPERATION, GIVEN = ARGV[1], ARGV[2], cjson.decode(ARGV[3])
local YEAR_ONE = 62135596800 -- seconds from 0001-01-01 to 1970-01-01
local PATIENCE = 10          -- seconds without a sign of life after which a worker's calls are not under way any more
local clock = redis.call('TIME')
local NOW = tonumber(clock[1]) + tonumber(clock[2]) / 1000000

local function expire(key, seconds)
  redis.call('PEXPIRE', key, math.ceil(math.max(seconds, 0) * 1000) + 1000)
end

-- What workers hold: a hash from workers to numbers, in which those that have died do not count.

local function alive(worker)
  local beat = redis.call('ZSCORE', PREFIX .. 'workers', worker)
  return beat and NOW - tonumber(beat) < PATIENCE
end

local function held(key)
  local sum, all = 0, redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if alive(all[i]) then sum = sum + tonumber(all[i + 1]) else redis.call('HDEL', key, all[i]) end
  end
  return sum
end

local function hold(key, worker, count)
  redis.call('ZADD', PREFIX .. 'workers', NOW, worker)
  if redis.call('HINCRBY', key, worker, count) <= 0 then redis.call('HDEL', key, worker) end
end

-- Windows: a sorted set of calls by time, each with the sum of all counts up to it.

local function sum_of(member) return tonumber(string.match(member, ':(.*)')) end

local function window(counter)
  local calls, meta = PREFIX .. 'calls:' .. counter.key, PREFIX .. 'window:' .. counter.key
  local known = redis.call('HMGET', meta, 'before', 'sum', 'period')
  local before, sum = tonumber(known[1] or '0'), tonumber(known[2] or '0')
  local longest = math.max(counter.period, tonumber(known[3] or '0'))
  local gone = redis.call('ZREVRANGEBYSCORE', calls, NOW - longest, '-inf', 'LIMIT', 0, 1)
  if gone[1] then
    before = sum_of(gone[1])
    redis.call('ZREMRANGEBYSCORE', calls, '-inf', NOW - longest)
    redis.call('HSET', meta, 'before', before)
  end
  if counter.period < longest then
    local old = redis.call('ZREVRANGEBYSCORE', calls, NOW - counter.period, '-inf', 'LIMIT', 0, 1)
    if old[1] then before = sum_of(old[1]) end
  end
  return calls, meta, before, sum, longest
end

local function count_window(counter, count)
  local calls, meta, before, sum, longest = window(counter)
  local last = redis.call('ZRANGE', calls, -1, -1, 'WITHSCORES')
  local moment = math.max(NOW, tonumber(last[2] or '0'))
  local number = redis.call('HINCRBY', meta, 'number', 1)
  redis.call('ZADD', calls, string.format('%.6f', moment), string.format('%016d:%d', number, sum + count))
  redis.call('HSET', meta, 'sum', sum + count, 'period', longest)
  expire(calls, longest)
  expire(meta, longest)
end

local function wait_window(counter, limit)
  local calls, _, before, sum = window(counter)
  if sum - before < limit then return 0 end
  local low, high = 0, redis.call('ZCARD', calls)
  local all = high
  while low < high do -- the first call with which the sum is above what may stay
    local middle = math.floor((low + high) / 2)
    if sum_of(redis.call('ZRANGE', calls, middle, middle)[1]) > sum - limit then high = middle else low = middle + 1 end
  end
  if low == all then return counter.period end
  return tonumber(redis.call('ZRANGE', calls, low, low, 'WITHSCORES')[2]) + counter.period - NOW
end

-- Buckets: a hash from capacities to "moment level".

local function level(counter, capacity)
  local key = PREFIX .. 'bucket:' .. counter.key
  local known = redis.call('HGET', key, capacity)
  local moment, before = NOW, capacity
  if known then
    moment, before = string.match(known, '(.*) (.*)')
  else -- from now on it is drawn with the others of its key
    redis.call('HSET', key, capacity, string.format('%.6f %.6f', NOW, capacity))
    if redis.call('PTTL', key) < counter.period * 1000 then expire(key, counter.period) end
  end
  return math.min(capacity, tonumber(before) + (NOW - tonumber(moment)) * capacity / counter.period)
end

local function count_bucket(counter, count)
  local key, longest = PREFIX .. 'bucket:' .. counter.key, counter.period
  local capacities = redis.call('HKEYS', key)
  if redis.call('HEXISTS', key, counter.capacity) == 0 then table.insert(capacities, counter.capacity) end
  for _, each in ipairs(capacities) do
    local capacity = tonumber(each)
    local left = level(counter, capacity) - count
    redis.call('HSET', key, each, string.format('%.6f %.6f', NOW, left))
    if capacity > 0 then longest = math.max(longest, (capacity - left) * counter.period / capacity) end
  end
  expire(key, longest)
end

-- Totals: a hash with the number of the period and the sum.

local function number_of(counter)
  if counter.period == 0 then return 0 end
  return math.floor((NOW + YEAR_ONE - counter.start) / counter.period)
end

local function total(counter)
  local known = redis.call('HMGET', PREFIX .. 'sum:' .. counter.key, 'number', 'sum')
  if known[1] and tonumber(known[1]) == number_of(counter) then return tonumber(known[2]) end
  return 0
end

local function until_renewal(counter)
  if counter.period == 0 then return 0 end
  return counter.start + (number_of(counter) + 1) * counter.period - NOW - YEAR_ONE
end

local function count_total(counter, count)
  local key = PREFIX .. 'sum:' .. counter.key
  redis.call('HSET', key, 'sum', string.format('%.0f', total(counter) + count), 'number', number_of(counter))
  if counter.period > 0 then expire(key, until_renewal(counter)) end
end

-- Counters of any kind.

local function left(counter, limit)
  if counter.kind == 'window' then
    local _, _, before, sum = window(counter)
    return limit - (sum - before)
  end
  if counter.kind == 'bucket' then return level(counter, counter.capacity) end
  return limit - total(counter)
end

local function wait(counter, limit)
  if counter.kind == 'window' then return wait_window(counter, limit) end
  if counter.kind == 'total' then return until_renewal(counter) end
  if counter.capacity == 0 then return counter.period end
  return math.max(0, (1 - level(counter, counter.capacity)) * counter.period / counter.capacity)
end

local function count(counter, amount)
  if counter.kind == 'window' then count_window(counter, amount)
  elseif counter.kind == 'bucket' then count_bucket(counter, amount)
  else count_total(counter, amount) end
end

local function text(number) return string.format('%.6f', number) end

local operations = {}

function operations.take()
  local refused, answer = 0, {}
  for i, claim in ipairs(GIVEN.claims) do
    local room = math.max(0, math.floor(left(claim.counter, claim.limit) + 0.0005))
    if refused == 0 and room <= held(PREFIX .. 'reservation:' .. claim.counter.key) - claim.own then refused = i end
  end
  if refused == 0 then
    if GIVEN.worker then hold(PREFIX .. 'reservation:' .. GIVEN.claims[1].counter.key, GIVEN.worker, 1) end
    for _, claim in ipairs(GIVEN.claims) do
      if claim.amount ~= 0 then count(claim.counter, claim.amount) end
    end
  end
  answer[1] = tostring(refused)
  for _, claim in ipairs(GIVEN.claims) do
    table.insert(answer, text(left(claim.counter, claim.limit)))
    table.insert(answer, refused == 0 and '0' or text(wait(claim.counter, claim.limit)))
  end
  return answer
end

function operations.count()
  for _, each in ipairs(GIVEN.counts) do count(each.counter, each.amount) end
  for _, key in ipairs(GIVEN.committed) do
    if redis.call('HEXISTS', PREFIX .. 'reservation:' .. key, GIVEN.worker) == 1 then
      hold(PREFIX .. 'reservation:' .. key, GIVEN.worker, -1)
    end
  end
  return {}
end

function operations.standing()
  return { text(left(GIVEN.counter, GIVEN.limit)), text(wait(GIVEN.counter, GIVEN.limit)) }
end

function operations.enter()
  local key = PREFIX .. 'inside:' .. GIVEN.key
  local inside = held(key)
  if inside >= GIVEN.limit then return { '0' } end
  hold(key, GIVEN.worker, 1)
  return { tostring(inside + 1) }
end

function operations.leave()
  hold(PREFIX .. 'inside:' .. GIVEN.key, GIVEN.worker, -1)
  return {}
end

function operations.beat()
  redis.call('ZADD', PREFIX .. 'workers', NOW, GIVEN.worker)
  redis.call('ZREMRANGEBYSCORE', PREFIX .. 'workers', '-inf', NOW - 10 * PATIENCE)
  return {}
end

function operations.now()
  return { text(NOW + YEAR_ONE) }
end

function operations.record()
  local key, seen = PREFIX .. 'open:' .. GIVEN.id, PREFIX .. 'seen:' .. GIVEN.id
  redis.call('ZREMRANGEBYSCORE', seen, '-inf', NOW - GIVEN.interval)
  local number = redis.call('INCR', PREFIX .. 'requests')
  redis.call('ZADD', seen, string.format('%.6f', NOW), number .. (GIVEN.failed and ':failed' or ':good'))
  expire(seen, GIVEN.interval)
  if not GIVEN.failed then return {} end
  local failures, all = 0, redis.call('ZRANGE', seen, 0, -1)
  for _, each in ipairs(all) do
    if string.find(each, ':failed', 1, true) then failures = failures + 1 end
  end
  local trips
  if GIVEN.failures ~= cjson.null then trips = failures >= GIVEN.failures
  else trips = failures * 100 >= GIVEN.percentage * #all end
  if trips then
    redis.call('SET', key, text(NOW + GIVEN.duration), 'PX', math.max(1, math.ceil(GIVEN.duration * 1000)))
    redis.call('DEL', seen)
  end
  return {}
end

function operations.circuit()
  local found = redis.call('GET', PREFIX .. 'open:' .. GIVEN.id)
  return { found and text(math.max(0, tonumber(found) - NOW)) or '0' }
end

return operations[OPERATION]()
