fixed_points.find(rnn.gru{ units = 3, bidirectional = true }, { candidates = zeros{4, 6} })
