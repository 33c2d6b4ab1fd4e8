local function step(h, x, p) return (h * p.w - 100.0):log() end
local net = rnn.custom({ units = 2, step = step, params = { w = 1.0 } })
print(net:run(zeros({1, 1, 1})).states)
local before = net:params().w
if not pcall(train, net, tasks.integrator(), { batches = 3 }) then
    print(before:item() == net:params().w:item())
end
train(net, tasks.integrator(), { batches = 3 })
