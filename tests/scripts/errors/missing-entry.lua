local net = rnn.vanilla({ units = 4 })
net:loss({ inputs = zeros({2, 3, 1}) })
