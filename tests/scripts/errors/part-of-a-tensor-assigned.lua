local t = ones{2}
t[1] = 5
print(t)
t[2] = 5
