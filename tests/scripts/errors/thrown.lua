local function f(x) error("too small: " .. x) end
f(3)
