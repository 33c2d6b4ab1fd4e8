rnn.vanilla({ units = "many" })
