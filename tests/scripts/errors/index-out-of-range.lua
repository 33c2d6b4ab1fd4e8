local x = tensor({1, 2, 3})
local y = x[3]
