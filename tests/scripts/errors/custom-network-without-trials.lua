local net = rnn.custom({ units = 2, step = function(h, x, p) return h + x end })
for _, shape in ipairs({ {0, 3, 1}, {1, 0, 1} }) do
    if not pcall(function() net:run(zeros(shape)) end) then
        print("refused")
    end
end
net:jacobians(zeros({0, 2}), zeros({0, 1}))
