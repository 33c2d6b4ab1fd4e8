local task = tasks.custom({ steps = 5 }, function(key, n) return { inputs = "x", targets = 1 } end)
task:batch(3, random.key(0))
