random.nromal(random.key(0), {2})
