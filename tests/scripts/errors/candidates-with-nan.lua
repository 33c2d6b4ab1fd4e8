fixed_points.find(rnn.gru{ units = 3 }, { candidates = zeros{4, 3} / 0.0 })
