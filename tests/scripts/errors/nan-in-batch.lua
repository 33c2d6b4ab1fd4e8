local net = rnn.vanilla({ units = 4 })
local x = zeros({2, 3, 1})
local y = x / 0
net:loss({ inputs = y, targets = x })
