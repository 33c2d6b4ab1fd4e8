local x = zeros({3, 4, 1})
return tasks.dataset{ inputs = x, targets = x / 0.0 }
