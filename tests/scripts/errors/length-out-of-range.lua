local net = rnn.gru{ units = 2 }
net:loss{ inputs = zeros{2, 3, 1}, targets = zeros{2, 3, 1}, lengths = {3, 4} }
