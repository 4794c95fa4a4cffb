-- What wrk sends: the method, the path and the body are told by the environment of the run. `{client}` and `{n}` in path
-- and body stand for the client and the number of its request. With a guard each request names the revision that the one
-- before left, as a client that holds the key would, and each thread is one client; else a thread sends for several, each
-- with a key of its own.
local method = os.getenv("BENCH_METHOD")
local path = os.getenv("BENCH_PATH")
local body = os.getenv("BENCH_BODY")
local guard = os.getenv("BENCH_GUARD")
local first = os.getenv("BENCH_FIRST_BODY")
local encoded = os.getenv("BENCH_BASE64") ~= nil
local clients_of_thread = tonumber(os.getenv("BENCH_CLIENTS_OF_THREAD"))

local threads = {}
function setup(thread)
  thread:set("number", #threads)
  thread:set("refused", 0)
  table.insert(threads, thread)
end

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local function base64(text)
  return ((text:gsub(".", function(character)
    local bits, code = "", character:byte()
    for i = 8, 1, -1 do bits = bits .. (code % 2 ^ i - code % 2 ^ (i - 1) > 0 and "1" or "0") end
    return bits
  end) .. "0000"):gsub("%d%d%d?%d?%d?%d?", function(bits)
    if #bits < 6 then return "" end
    local at = 0
    for i = 1, 6 do at = at + (bits:sub(i, i) == "1" and 2 ^ (6 - i) or 0) end
    return alphabet:sub(at + 1, at + 1)
  end) .. ({ "", "==", "=" })[#text % 3 + 1])
end

-- Encoded once: what is timed is the server.
local keys, values = {}, {}
local function value(at)
  values[at] = values[at] or base64("postgres://db.example.com:5432/app?n=" .. at)
  return values[at]
end

local n, revision = 0, nil
local function filled(text)
  local client = number * clients_of_thread + n % clients_of_thread
  return (text:gsub("{client}", client):gsub("{n}", n):gsub("{revision}", revision or "")
    :gsub("{key}", function()
      keys[client] = keys[client] or base64("/load/" .. client)
      return keys[client]
    end)
    :gsub("{value}", function() return value(n % 100) end))
end

-- What never changes is put together once, so that the client leaves the processor to the server.
local is_constant = not guard and not (path .. (body or "")):find("[{]%l+}")
local constant

function request()
  n = n + 1
  if constant then return constant end
  local headers = { ["Content-Type"] = encoded and "application/json" or "text/plain" }
  local text = body
  if guard == "etag" and revision then headers["If-Match"] = '"' .. revision .. '"' end
  if guard == "txn" and not revision then text = first end
  local formatted = wrk.format(method, filled(path), headers, text and filled(text) or nil)
  if is_constant then constant = formatted end
  return formatted
end

local function held(status, headers, answer)
  if status ~= 200 and status ~= 201 then return end
  if guard == "etag" then
    revision = (headers["etag"] or headers["ETag"] or ""):match('"(%d+)"')
  elseif guard == "txn" then
    revision = answer:match('"revision":"(%d+)"')
    if n > 1 and not answer:find('"succeeded":true', 1, true) then refused = refused + 1 end
  end
end

-- An answer is taken apart only where the next request depends on it: that costs the client more than the rest.
if guard then response = held end

function done(summary, latency)
  local bad = 0
  for _, thread in ipairs(threads) do bad = bad + thread:get("refused") end
  local errors = summary.errors
  bad = bad + errors.status
  io.write(string.format("BENCH %d %d %d %d %d\n", summary.requests, summary.duration, bad,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(99)))
end
