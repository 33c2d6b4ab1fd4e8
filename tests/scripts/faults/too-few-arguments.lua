random.key()
