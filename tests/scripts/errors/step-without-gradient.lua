local net = rnn.custom({ units = 2, step = function(h, x, p) return tensor(h:to_list()) end })
train(net, tasks.integrator(), { batches = 3 })
