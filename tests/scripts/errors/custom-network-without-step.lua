rnn.custom({ units = 2 })
