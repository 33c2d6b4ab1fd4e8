local net = rnn.vanilla{ units = 4 }
local x = random.normal(random.key(1), {40, 6, 1})
local sets = tasks.dataset{ inputs = x, targets = x:cumsum(1) }:split(0.25, random.key(2))
local options = { batches = 30, batch_size = 8, log_every = 10, validation = sets.validation, patience = 5 }
options.on_log = function(line) print(line.validation > 0.0) end
local fit = train(net, sets.train, options)
local best = net:loss(sets.validation:batch(10, random.key(0)))
print({fit.outcome, fit.validation:shape(), math.abs(best - fit.best) < 1e-5})
local batch = tasks.integrator():batch(9, random.key(5))
for _, validation in ipairs({ batch, tasks.integrator() }) do
    print(train(net, sets.train, { batches = 2, validation = validation, restore = "last" }).best_batch >= 0)
end
