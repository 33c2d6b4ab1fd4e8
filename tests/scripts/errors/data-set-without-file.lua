return tasks.dataset{ inputs = "x", targets = "y" }
