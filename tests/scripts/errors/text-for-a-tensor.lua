local net = rnn.vanilla({ units = 4 })
net:run("x")
