zeros{-1, 2}
