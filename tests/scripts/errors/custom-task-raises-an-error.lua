local task = tasks.custom({ steps = 5 }, function(key, n)
    local x = zeros({n, 5, 1})
    return { inputs = x, targets = x:tnah() }
end)
task:batch(3, random.key(0))
