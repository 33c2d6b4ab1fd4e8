rnn.vanilla({ units = 0 })
