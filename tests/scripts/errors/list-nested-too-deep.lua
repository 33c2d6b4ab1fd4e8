local x = {}
for i = 1, 100 do x = {x} end
tensor(x)
