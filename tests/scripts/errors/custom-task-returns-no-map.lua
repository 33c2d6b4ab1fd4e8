local task = tasks.custom({ steps = 5 }, function(key, n) return 7 end)
task:batch(3, random.key(0))
