local w = zeros({2, 2})
rnn.custom({ units = 2, step = function(h, x, p) return h:matmul(p.wO) end, params = { wO = w } })
