local data = tasks.dataset({ inputs = {ones({3, 1}), ones({2, 1})}, targets = {ones({3, 1}), ones({2, 1})} })
train(rnn.gru({ units = 2, bidirectional = true }), data, { batches = 1 })
