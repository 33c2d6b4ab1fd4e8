local function f(x) return grad(function(y) return f(y) end, x) end
f(tensor{1.0})
