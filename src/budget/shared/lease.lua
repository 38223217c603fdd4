-- Takes what one replica reports of some accounts and leases it parts of them. The rules are in
-- lease.rs. Every number that goes through here is below 2^53: Lua's are doubles.
--
-- KEYS  the epoch; the number of this replica's last report; then for each account its hash and
--       the hash of its counter's top-ups
-- ARGV  replica, number of this report, epoch that it knows (or nothing), an epoch to begin with,
--       ms that an epoch begins with, the replica's process, whether it has not been answered in
--       this epoch; then for each account
--       ms to keep what it says, ms of a slice if the window rolls or 0, limit, generation, spent,
--       reserved, needs, wants, held,
--       how many others it tells of: replica, leased, spent, used for each,
--       how many top-ups it tells of: id, quantity, until, whether to keep it for each
-- Gives epoch, number, and for each account leased, limit, generation, whether others wait,
--       the others as above, the top-ups as above. Without accounts if the epoch or the number is
--       not the one that the replica believed; 'taken' if another process reports as this replica.

local function text(number) return string.format('%.0f', number) end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local replica, number, known = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local settling = tonumber(ARGV[5])

local process, claims = ARGV[6], ARGV[7] == '1'
local last, life, heard, claimed =
  string.match(redis.call('GET', KEYS[2]) or '0 - 0 0', '^(%d+) (%S+) (%d+) (%d+)$')
last, heard, claimed = tonumber(last), tonumber(heard), tonumber(claimed)
-- A server that was started again, or that took over from another, may remember less than was
-- answered: it begins an epoch too. (Where a user may not ask which one it is, only an empty one.)
local info = redis.pcall('INFO', 'server')
local server = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '-'
local epoch, since, before =
  string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (%d+) (%S+)$')
if not epoch or (server ~= '-' and server ~= before) then
  epoch, since = ARGV[4], now
  redis.call('SET', KEYS[1], epoch .. ' ' .. text(now) .. ' ' .. server)
end
since = tonumber(since)
if known ~= '' and known ~= epoch then return {epoch, text(last)} end
if life == process then
  if number < last then return {epoch, text(last)} end
elseif claims then
  -- The one before may still be there, and then finds out within a second that it is another.
  claimed = heard + 3 * settling > now and now or 0
else
  return {epoch, text(last), 'taken'}
end
redis.call('SET', KEYS[2],
  text(number) .. ' ' .. process .. ' ' .. text(now) .. ' ' .. text(claimed), 'EX', 3456000)
local overlaps = now >= claimed and now - claimed < settling
local age = now - since
local begins = overlaps or (age >= 0 and age < settling)

local at = 7
local function word() at = at + 1; return ARGV[at] end
local function count() return tonumber(word()) end

-- What the top-ups of a counter come to for one of its windows, what is left of each, and what they
-- pay for in this window already. What other windows used beyond their limit is taken from those
-- that end first. Of a window that rolls, other slices are other windows: what was taken for them
-- is not given back as they leave it.
local function topped_up(key, window, slice, span, declared)
  local fields = redis.call('HGETALL', key)
  local lasting, known, paid, used, granted, past = {}, {}, {}, 0, 0, 0
  local own = window
  if slice > 0 then own = window .. '|' .. text(math.floor(now / slice)) end
  local function add(id, quantity, ends)
    if ends * 1000 > now and not known[id] then
      known[id] = true
      lasting[#lasting + 1] = {id = id, left = quantity, ends = ends}
      return true
    end
  end
  for _, each in ipairs(declared) do add(each[1], each[2], each[3]) end
  for i = 1, #fields, 2 do
    local kind, name = string.sub(fields[i], 1, 2), string.sub(fields[i], 3)
    if kind == 't:' then
      local quantity, ends = string.match(fields[i + 1], '^(%d+) (-?%d+)$')
      if not add(name, tonumber(quantity), tonumber(ends)) then redis.call('HDEL', key, fields[i]) end
    elseif kind == 'u:' then
      local part = tonumber(fields[i + 1])
      if name ~= own then used = used + part end
      if slice > 0 and name ~= own and string.sub(name, 1, #window + 1) == window .. '|' then
        if tonumber(string.sub(name, #window + 2)) * slice + span > now then
          granted = granted + part
        else
          -- All that have left the window are one.
          past = past + part
          redis.call('HDEL', key, fields[i])
        end
      end
    elseif kind == 'p:' then
      paid[name] = tonumber(fields[i + 1])
    end
  end
  if past > 0 then redis.call('HSET', key, 'u:' .. window .. '|0', text(past)) end
  -- What one paid for that is over must not be paid for again by one that lasts longer.
  for id, part in pairs(paid) do
    if not known[id] then used = used - part end
  end
  table.sort(lasting, function(a, b)
    if a.ends ~= b.ends then return a.ends < b.ends end
    return a.id < b.id
  end)
  local sum = 0
  for _, each in ipairs(lasting) do
    local part = math.max(0, math.min(each.left, used))
    used = used - part
    each.left = each.left - part
    sum = sum + each.left
    if part ~= (paid[each.id] or 0) then redis.call('HSET', key, 'p:' .. each.id, text(part)) end
  end
  return sum, granted, lasting, 'u:' .. own
end

local answers = {}
for k = 3, #KEYS, 2 do
  local account, counter = KEYS[k], KEYS[k + 1]
  local keep, slice, limit, generation, remember = count(), count(), count(), count(), 0
  local spent, reserved, needs, wants, held = count(), count(), count(), count(), count()
  local hearsay = {}
  for i = 1, count() do hearsay[i] = {word(), count(), count(), count()} end
  local declared = {}
  for _ = 1, count() do
    local id, quantity, ends, given = word(), count(), count(), word()
    local lasts = ends * 1000 - now
    if given == '0' then
      declared[#declared + 1] = {id, quantity, ends}
    elseif lasts > 0 then
      redis.call('HSETNX', counter, 't:' .. id, text(quantity) .. ' ' .. text(ends))
    end
    lasts = lasts + 86400000
    if lasts > 0 then remember = math.max(remember, lasts) end
  end

  -- A reset: whoever has not heard of it has spent nothing since, and whoever tells of it first
  -- makes all others start anew.
  local stored = tonumber(redis.call('HGET', account, 'g') or '0')
  if generation > stored then
    redis.call('DEL', account)
    redis.call('HSET', account, 'g', text(generation))
  elseif generation < stored then
    needs, wants, held = math.max(needs - spent, 0), math.max(wants - spent, 0), 0
    spent, hearsay = 0, {}
  end
  generation = math.max(generation, stored)

  local others, waits, waits_until, before = {}, '', 0, 0
  local fields = redis.call('HGETALL', account)
  for i = 1, #fields, 2 do
    local name = string.match(fields[i], '^r:(.+)$')
    if name and name ~= replica then
      local l, s, u, ends, heard = string.match(fields[i + 1], '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
      if tonumber(ends) < now then
        redis.call('HDEL', account, fields[i])
      else
        others[name] = {tonumber(l), tonumber(s), tonumber(u), ends, tonumber(heard)}
      end
    elseif name then
      before = tonumber(string.match(fields[i + 1], '^(%d+)'))
    elseif fields[i] == 'w' then
      waits_until, waits = string.match(fields[i + 1], '^(%d+) (.+)$')
      waits_until = tonumber(waits_until)
    end
  end
  for _, each in ipairs(hearsay) do
    local name = each[1]
    local other = others[name]
    -- Who has reported in this epoch has told the truth.
    if name ~= replica and (not other or other[5] < since) then
      other = other or {0, 0, 0, text(now + keep), 0}
      for i = 1, 3 do other[i] = math.max(other[i], each[i + 1]) end
      others[name] = other
      redis.call('HSET', account, 'r:' .. name, text(other[1]) .. ' ' .. text(other[2]) .. ' ' ..
        text(other[3]) .. ' ' .. other[4] .. ' 0')
    end
  end

  local used = spent + reserved
  local all_leased, all_used, idle, listed = 0, used, 0, {}
  for name, other in pairs(others) do
    local leased = math.max(other[1], other[2])
    all_leased = all_leased + leased
    all_used = all_used + math.max(other[2], other[3])
    -- Who has been silent for a while gives nothing back.
    local firm = math.max(other[2], other[3])
    if other[5] + 5000 < now then firm = leased end
    idle = idle + leased - math.min(leased, firm)
    listed[#listed + 1] = {name, other[1], other[2], firm}
  end

  local window = account
  -- A reset window was paid nothing yet.
  if slice > 0 then window = account .. '#' .. text(generation) end
  local extra, granted, topups, taken = topped_up(counter, window, slice, keep, declared)
  if #topups > 0 then
    -- Not more than there is: what was used beyond all of it is not paid for by later ones.
    local beyond = math.min(extra, math.max(0, all_used - limit - granted))
    if beyond > 0 then
      redis.call('HSET', counter, taken, text(beyond))
    else
      redis.call('HDEL', counter, taken)
    end
  end
  if redis.call('PTTL', counter) < remember then redis.call('PEXPIRE', counter, text(remember)) end
  local most = limit + granted + extra

  local room = math.max(0, most - all_leased)
  needs = math.max(needs, used)
  -- Beyond what it needs, a replica gets half of what is left at most, so that near the limit
  -- there is something for the others.
  local goal = math.max(needs, math.min(wants, needs + math.floor(math.max(0, room - needs) / 2)))
  if begins then goal = math.min(goal, math.max(held, used)) end
  -- What it holds it may be using at this moment: only itself can make that less.
  local leased = math.max(used, held, math.min(goal, room))

  if leased < needs and idle > 0 then
    waits, waits_until = replica, now + 2000
    redis.call('HSET', account, 'w', text(waits_until) .. ' ' .. replica)
  end
  local pressed = (waits ~= '' and waits ~= replica and waits_until > now) or leased > room

  local row = leased
  if overlaps then row = math.max(leased, before) end
  redis.call('HSET', account, 'r:' .. replica, text(row) .. ' ' .. text(spent) .. ' ' ..
    text(used) .. ' ' .. text(now + keep) .. ' ' .. text(now))
  redis.call('PEXPIRE', account, text(keep))

  local lasting = {}
  for i, each in ipairs(topups) do lasting[i] = {each.id, each.left, each.ends} end
  answers[#answers + 1] =
    {leased, most, generation, pressed and 1 or 0, listed, lasting}
end
return {epoch, text(number), answers}
