-- Integrator: train a vanilla RNN to integrate its input
--
-- Learning goal: train a network on a task, evaluate it on new trials, and find out how it stores
-- its memory.
--
-- A network of 100 tanh units receives one second of white noise and outputs the running sum. The
-- trained network stores the sum in its hidden state, along a line of slow points (a line
-- attractor). Tutorial 05-lfads reads the trials saved at the end.
--
-- Source: "Integrator RNN" of computation-thru-dynamics (D. Sussillo, 2019). With the notebook's
-- random key layout (`original`) and seed, the network and its losses equal the published ones.
--
-- The indices of lists (Lua tables) are 1-based. The indices of tensors are 0-based, as are axes.

-- The task: the input is noise with a small bias, and the target is its running sum.
local task = tasks.integrator{ steps = 25, duration = 1.0, bias = 0.01, noise = 0.025 }
local root = random.key(seed(695940), { layout = "original" })
local keys = root:split(2)
show.trials(task:batch(128, keys[2]), 4):save("task.png")

-- The network.
keys = keys[1]:split(2)
local net = rnn.vanilla{ inputs = 1, units = 100, outputs = 1, gain = 0.85, seed = keys[2] }
print(net)

-- Training: mean squared error plus an L2 penalty, gradient clipping, and Adam with an
-- exponentially decaying learning rate.
local start = clock()
local fit = train(net, task, {
    batches = 10000, batch_size = 128, clip_norm = 10.0, l2 = 2e-4, seed = keys[1], log_every = 100,
    optimizer = optim.adam{ lr = optim.exponential(0.025, 0.99975), epsilon = 0.1 },
})
print(fit.batches .. " batches in " .. fixed(clock() - start, 1) .. " s")
for i = 0, math.min(4, #fit.loss) - 1 do
    print("loss at batch " .. fixed(fit.batch[i], 0) .. ": " .. fixed(fit.loss[i], 4))
end
print("final training loss: " .. fixed(fit.loss[-1], 4))
show.training(fit):save("training.png")

-- Evaluation on new trials.
keys = root:fold_in(1):split(2)
local trials = task:batch(1024, keys[2])
print("loss on new trials, without the l2 penalty: " .. tostring(net:loss(trials)))
local run = net:run(trials.inputs)
trials.outputs = run.outputs
show.trials(trials, 4):save("trials.png")

-- The hidden states of one trial, and the parameters. One eigenvalue of wR is close to 1: activity
-- along its eigenvector does not decay, and this direction stores the sum.
local states = run.states[0]:transpose()
plot.grid({ {
    plot.heatmap(states:take(0, states:column(-1):argsort()))
        :title("states of a trial"):x_label("time step"):y_label("unit, sorted by final state"),
    plot.lines(states:rows(0, 10)):title("ten units"):x_label("time step"):y_label("state"),
} }):save("states.png")
show.parameters(net):save("parameters.png")
local eigenvalues = net:params().wR:eigenvalues()
print("largest eigenvalue of wR: " .. fixed(eigenvalues.re[0], 4)
    .. ", imaginary part " .. fixed(eigenvalues.im[0], 4))
net:save("integrator.h5")

-- Trials that start near the line attractor. After seven steps of noise, one step without input
-- lets the state relax towards the attractor. The next trial starts from that state, and its target
-- starts from the readout of that state.
local data = { inputs = {}, hiddens = {}, outputs = {}, targets = {}, h0s = {} }
for i = 1, budget(20) do
    keys = keys[1]:split(3)
    local noise_states = net:run(task:batch(1024, keys[2]).inputs:slice(1, 0, 7)).states
    local h0 = net:step(noise_states:slice(1, 6):squeeze(1), zeros({1024, 1}))
    local trials = task:batch(1024, keys[3])
    local run = net:run(trials.inputs, { h0 = h0 })
    table.insert(data.inputs, trials.inputs)
    table.insert(data.hiddens, run.states)
    table.insert(data.outputs, run.outputs)
    table.insert(data.targets, trials.targets + net:readout(h0):unsqueeze(1))
    table.insert(data.h0s, h0)
end
for name in pairs(data) do
    data[name] = cat(data[name], 0)
end
h5.write("integrator-trials.h5", data)
local rms_error = (data.outputs - data.targets):square():mean():sqrt():item()
print(#data.inputs .. " trials written; root-mean-square error " .. fixed(rms_error, 4))
show.trials(data, 4):save("line-attractor.png")
print("Saved six figures, integrator.h5 and integrator-trials.h5 to the --out folder.")
