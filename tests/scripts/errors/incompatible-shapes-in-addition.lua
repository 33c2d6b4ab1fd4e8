local x = zeros({2, 3})
local y = x + zeros({2})
