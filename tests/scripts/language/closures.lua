local m = { twice = function(x) return 2 * x end }
print(m.twice(4))
m.thrice = function(x) return 3 * x end
print(m.thrice(4))
local by = 5
local scaled = function(x) return by * x end
print(scaled(4))
