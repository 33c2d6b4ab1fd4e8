rnn.vanilla({ nonlinearity = "tahn" })
