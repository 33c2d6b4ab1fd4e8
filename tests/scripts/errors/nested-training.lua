local net = rnn.vanilla{ units = 3 }
local task = tasks.integrator()
train(net, task, { batches = 5, on_log = function(line) train(net, task, { batches = 2 }) end })
