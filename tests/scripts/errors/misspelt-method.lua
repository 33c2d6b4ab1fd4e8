local x = tensor({1, 2})
x:tnah()
