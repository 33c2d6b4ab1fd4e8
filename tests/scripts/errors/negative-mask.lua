local net = rnn.vanilla({ units = 4 })
net:loss({ inputs = zeros({2, 3, 1}), targets = zeros({2, 3, 1}), mask = {{1, 1, 1}, {1, -1, 1}} })
