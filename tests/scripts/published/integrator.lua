-- The first losses of the notebook of 2019, from its seed.
local keys = random.key(695940, { layout = "original" }):split(2)
keys = keys[1]:split(2)
local net = rnn.vanilla{ inputs = 1, units = 100, outputs = 1, gain = 0.85, seed = keys[2] }
local fit = train(net, tasks.integrator(), {
    batches = 301, batch_size = 128, clip_norm = 10.0, l2 = 2e-4, seed = keys[1], log_every = 100,
    optimizer = optim.adam{ lr = optim.exponential(0.025, 0.99975), epsilon = 0.1 },
})
for line = 0, 3 do
    print(fixed(fit.batch[line], 0) .. " " .. fixed(fit.loss[line], 4))
end
