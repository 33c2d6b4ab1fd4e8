-- A network that also runs from the end: what comes after a trial's end must not reach it.
local net = rnn.lstm{ units = 5, layers = 2, bidirectional = true, dtype = "f64", seed = 3 }
local function x(n) return random.normal(random.key(n), {n, 1}) end
local function y(n) return random.normal(random.key(10 + n), {n, 1}) end
local ends = {4, 7, 2}
local inputs, targets = {}, {}
for k, n in ipairs(ends) do
    inputs[k], targets[k] = x(n), y(n)
end
local task = tasks.dataset{ inputs = inputs, targets = targets }

local batch = task:batch(3, random.key(0), { dtype = "f64" })
local alone = 0.0
for _, n in ipairs(ends) do
    alone = alone + n * net:loss{ inputs = x(n):unsqueeze(0), targets = y(n):unsqueeze(0) }
end
print(math.abs(net:loss(batch) - alone / 13.0) < 1e-14)
local unmasked = { inputs = batch.inputs, targets = batch.targets, lengths = batch.lengths }
print(net:loss(unmasked) == net:loss(batch))

local run = net:run(batch.inputs, { lengths = batch.lengths })
for trial = 0, 2 do
    local n = math.tointeger(batch.lengths:to_list()[trial + 1])
    local some = run.outputs:slice(0, trial, trial + 1):squeeze(0):slice(0, 0, n)
    print((some - net:run(x(n)).outputs):abs():max():item())
end

-- So does a network of one's own, and a task of one's own.
local function step(h, x, p) return 0.5 * h + x end
local own = rnn.custom{ units = 2, dtype = "f64", step = step }
run = own:run(batch.inputs, { lengths = {1, 1, 1} })
print((run.states - run.states:slice(1, 0, 1)):abs():max():item())
local function short(key, n)
    return { inputs = zeros{n, 4, 1}, targets = zeros{n, 4, 1}, lengths = zeros{n} + 2.0 }
end
print(tasks.custom({ steps = 4 }, short):batch(1, random.key(0)).mask:to_list())

local before = net:loss(batch)
train(net, task, { batches = 200, batch_size = 3, log_every = 100 })
print(net:loss(batch) < 0.5 * before)

for _, lengths in ipairs{ {1, 2}, {0, 1, 1}, {1, 2, 8}, {1.5, 1, 1} } do
    local _, error_value = pcall(function() net:run(batch.inputs, { lengths = lengths }) end)
    print(tostring(error_value))
end
