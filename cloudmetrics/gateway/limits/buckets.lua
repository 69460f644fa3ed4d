-- Judges requests by their limits: each takes of all its limits, or of none.
--
-- KEYS     one for each limit of each request, in order
-- ARGV[1]  JSON: [now, [limits of a request], ...]; each limit is kind, limit,
--          period, cost. Times are in ms; a `now` of 0 stands for Redis's own clock.
-- Returns a list for each request: admits (0 or 1), remaining, wait of each limit.
--
-- A bucket (kind 1) is {debt, at}: what was taken and has not come back by `at`.
-- One request is `period` of debt, and `limit` of it comes back per ms, so that
-- all of it stays in whole numbers. A window (kind 2) is {slot, count, ...}: how
-- many there were in each slot of time, oldest first. A slot counts until all of
-- it is older than the period, so that no period ever holds more than the limit.

local BUCKET = 1
local SLOT = 2000

local asked = cjson.decode(ARGV[1])
local now = asked[1]
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local states = {}
local lives = {}

local function state_of(key)
  local state = states[key]
  if not state then
    local packed = redis.call('GET', key)
    local sound, kept = pcall(cmsgpack.unpack, packed or '')
    -- What is not ours, or damaged, counts as nothing and is written over.
    state = sound and type(kept) == 'table' and kept or {}
    states[key] = state
  end
  return state
end

-- Each kind: `settle` brings a state up to now, `room` is what may be taken,
-- `take` takes it, `wait` is the time until `wanted` may be taken.

local bucket = {}

function bucket.settle(state, limit)
  local at = state[2] or now
  state[1] = math.max(0, (state[1] or 0) - math.max(0, now - at) * limit)
  state[2] = math.max(at, now)
end

function bucket.room(state, limit, period)
  return math.floor(limit - state[1] / period)
end

function bucket.take(state, limit, period, cost)
  state[1] = math.max(0, state[1] + cost * period)
  return math.ceil(state[1] / limit) + 1
end

function bucket.wait(state, limit, period, wanted)
  return math.max(0, math.ceil((state[1] - (limit - wanted) * period) / limit))
end

local window = {}

function window.settle(state, _, period)
  while state[1] and (state[1] + 1) * SLOT + period <= now do
    table.remove(state, 1)
    table.remove(state, 1)
  end
end

local function total_of(state)
  local total = 0
  for i = 2, #state, 2 do
    total = total + state[i]
  end
  return total
end

function window.room(state, limit)
  return math.max(0, limit - total_of(state))
end

function window.take(state, _, period, cost)
  local slot = math.floor(now / SLOT)
  local last = #state - 1
  if last < 1 or state[last] < slot then
    last = #state + 1
    state[last] = slot
    state[last + 1] = 0
  end
  state[last + 1] = math.max(0, state[last + 1] + cost)
  return SLOT + period
end

function window.wait(state, limit, period, wanted)
  local room = limit - total_of(state)
  for i = 1, #state, 2 do
    if room >= wanted then
      break
    end
    room = room + state[i + 1]
    if room >= wanted then
      return (state[i] + 1) * SLOT + period - now
    end
  end
  return 0
end

local answers = {}
local key = 0
for r = 2, #asked do
  local request = asked[r]
  local checks = {}
  local admitted = true
  for i = 1, #request, 4 do
    key = key + 1
    local check = {
      key = KEYS[key], state = state_of(KEYS[key]), kind = request[i] == BUCKET and bucket or window,
      limit = request[i + 1], period = request[i + 2], cost = request[i + 3],
    }
    check.kind.settle(check.state, check.limit, check.period)
    check.room = check.kind.room(check.state, check.limit, check.period)
    check.admits = check.cost <= check.room
    admitted = admitted and check.admits
    checks[#checks + 1] = check
  end
  local answer = {}
  for _, check in ipairs(checks) do
    local kind, state, limit, period = check.kind, check.state, check.limit, check.period
    if admitted then
      lives[check.key] = kind.take(state, limit, period, check.cost)
      check.room = kind.room(state, limit, period)
    end
    answer[#answer + 1] = check.admits and 1 or 0
    answer[#answer + 1] = check.room
    answer[#answer + 1] = check.room < limit and kind.wait(state, limit, period, check.room + 1) or 0
  end
  answers[#answers + 1] = answer
end

for name, life in pairs(lives) do
  redis.call('SET', name, cmsgpack.pack(states[name]), 'PX', life)
end
return answers
