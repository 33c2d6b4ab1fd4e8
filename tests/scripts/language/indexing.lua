local t = arange(12):reshape{3, 4}
print(t["1:"])
print(t[":2"])
print(t[{from = -2}])
print(t[{":", {from = 1, to = 3}}])
print(t[{1, {to = 2}}])
local sums = {}
for i = 0, 2 do sums[#sums + 1] = t[i]:sum() end
print(sums)
local total = 0.0
for i = 0, 3 do total = total + t[{0, i}] end
print(total)
t[0] = 7
t[{1, 2}] = t[{1, 2}] + 100
t[t:gt(5) & t:lt(20)] = 0
print(t)
print(~t:gt(0) | t:gt(50))
local c = t:copy()
c[{2, ":"}] = {1, 2, 3, 4}
print({t[2], c[2]})
print(grad(function(x) x[0] = 0; return (x * x):sum() end, tensor{1, 2, 3}))
t[{0, 4}] = 1
