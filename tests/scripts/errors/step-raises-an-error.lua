rnn.custom({ units = 2, step = function(h, x, p) return h:tnah() end })
