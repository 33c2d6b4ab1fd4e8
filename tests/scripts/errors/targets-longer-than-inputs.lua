tasks.dataset({ inputs = {ones({3, 1}), ones({2, 1})}, targets = {ones({3, 1}), ones({3, 1})} })
