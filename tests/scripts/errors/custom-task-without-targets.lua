local task = tasks.custom({ steps = 5 }, function(key, n) return { inputs = zeros({n, 5, 1}) } end)
train(rnn.vanilla({ units = 4 }), task, { batches = 2, batch_size = 3 })
