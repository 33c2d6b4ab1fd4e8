return tasks.dataset{ inputs = zeros({3, 4, 1}) }
