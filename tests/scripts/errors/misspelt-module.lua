randm.key(0)
