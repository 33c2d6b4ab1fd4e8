-- A run of a network of the script's own, stopped and gone on with; a step that fails on the way.
local function train_with(net, options)
    options.batch_size = 8
    options.log_every = 4
    options.validation = tasks.integrator()
    options.validation_trials = 20
    return train(net, tasks.integrator(), options)
end
local function fresh(step)
    local w = random.normal(random.key(1), {3, 3})
    return rnn.custom({ units = 3, step = step, noise = 0.01, params = { w = w },
        readout = function(h, p) return h:sum(1, true) end, learn_h0 = false })
end
local function step(h, x, p) return h + 0.1 * (h:tanh():matmul(p.w) - h) + x end
local whole = fresh(step)
train_with(whole, { batches = 12, restore = "last" })
local function stopping(line) return line.batch < 4 end
train_with(fresh(step), { batches = 12, restore = "last", checkpoint = "run.h5", on_log = stopping })
local net = fresh(step)
local fit = train_with(net, { batches = 12, restore = "last", checkpoint = "run.h5" })
print({fit.resumed, fit.batches, (net:params().w - whole:params().w):abs():max():item()})
local names = {}
for name in pairs(net:params()) do names[#names + 1] = name end
print(names)

local calls = 0
local failing = fresh(function(h, x, p)
    calls = calls + 1
    if calls > 1 + 25 + 25 + 25 + 12 then fail("no more") end
    return step(h, x, p)
end)
local short = fresh(step)
local options = { batch_size = 8, log_every = 1000, batches = 2 }
train(short, tasks.integrator(), options)
options.batches = 9
if not pcall(train, failing, tasks.integrator(), options) then
    print("failed")
end
local second = (failing:params().w - short:params().w):abs():max():item()
print(second)
