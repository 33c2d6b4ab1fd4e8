train(rnn.gru({ units = 2 }), tasks.decision(), { patience = 3 })
