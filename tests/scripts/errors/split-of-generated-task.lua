return tasks.integrator():split(0.1, random.key(0))
