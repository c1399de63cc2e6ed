-- For wrk: every request asks for an audience that nobody asked for before.
local count = 0
local run = os.time()

function request()
  count = count + 1
  return wrk.format("GET", wrk.path .. "-" .. run .. "-" .. count)
end
