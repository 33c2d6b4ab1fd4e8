local t = ones{2}
t[0] = 5
