fixed_points.find(rnn.gru{ units = 3 })
