zeros({2, 3}):matmul(zeros({2, 2}))
