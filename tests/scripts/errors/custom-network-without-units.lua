rnn.custom({ step = function(h, x, p) return h end })
