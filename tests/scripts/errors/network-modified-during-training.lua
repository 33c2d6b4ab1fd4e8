local net = rnn.vanilla{ units = 3 }
train(net, tasks.integrator(), { batches = 5, on_log = function(line) net:set("bO", {1.0}) end })
