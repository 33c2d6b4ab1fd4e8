tensor({1, 2}):tanh(3)
