local task = tasks.custom({ steps = 5 }, function(key, n)
    return { inputs = zeros({n, 5, 2}), targets = zeros({n, 5, 1}) }
end)
task:batch(3, random.key(0))
