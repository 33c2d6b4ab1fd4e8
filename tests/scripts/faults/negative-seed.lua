random.key(-1)
