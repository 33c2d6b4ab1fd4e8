local function step(h, x, p) return h + 0.1 * (h:tanh():matmul(p.w) - h) + x end
local function fresh(seed)
    local w = random.normal(random.key(seed), {2, 2})
    return rnn.custom({ units = 2, step = step, noise = 0.01, params = { w = w, a = 0.5 } })
end
local net = fresh(1)
train(net, tasks.integrator(), { batches = 5, batch_size = 8 })
net:save("net.h5")
local other = fresh(2)
other:load_params(h5.read("net.h5"))
local x = random.normal(random.key(3), {4, 6, 1})
print((net:run(x).outputs - other:run(x).outputs):abs():max():item())
local attributes = h5.attributes("net.h5")
print({attributes.cell, attributes.equation, attributes.units, attributes.noise})
if not pcall(rnn.load, "net.h5") then
    print("refused")
end
print(other:copy())
print({other:inputs(), other:units(), other:outputs(), other:state_size(), other:num_params()})
