-- Numbers are compared as they are, however small.
print({0.0 < 1e-20, 1e-30 < 1e-20, 1e-20 == 1e-24, 1.0 == 1.0 + 2.3e-16, 0 < 1e-300, 1e-300 > 0, 1e-300 ~= 0})
print({2 < 2.5, 2.0 == 2, 2 >= 2.0, 0.1 + 0.2 == 0.3, 3 > 2, "a" < "b"})
