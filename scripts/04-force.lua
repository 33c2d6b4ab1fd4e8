-- FORCE learning: train a chaotic network online to reproduce target signals
--
-- The targets are the activity of 20 units of a chaotic network of 500 units. The seeds reproduce
-- the target network and the student network of the published notebook. The student's outputs are
-- fed back, and its readout is updated at every step, so its error is small from the start. The
-- updates shrink during training until the student generates the targets without further updates
-- (it runs freely). A second student learns a sum of sines and continues it beyond the training
-- data.
--
-- Source: Sussillo and Abbott 2009, and the notebook of Sussillo 2019. Run time: two seconds.

local function published(seed) return random.key(seed, { layout = "original" }) end
local steps = 300
local data = force.network{ units = 500, outputs = 20, gain = 1.8, seed = published(7868221) }
local targets = data:run(steps).states:slice(1, 0, 20)

local net = force.network{ units = 500, outputs = 20, gain = 1.5, seed = published(7850546) }
local before = net:run(steps)
local start = clock()
local fit = force.train(net, nil, targets, { epochs = budget(15), restart = true })
print(fit.error:shape()[1] .. " epochs in " .. fixed(clock() - start, 2) .. " s")
print("mean |z - f| in each pass: " .. tostring(fit.error))

-- Free run (no readout updates) from the initial state of the training.
local after = net:run(steps, { restart = true })
local error = (after.outputs - targets):abs()
print("free run: mean |z - f| " .. fixed(error:mean():item(), 4))

local function curves(z, targets, title)
    local panel = plot.lines(targets:column(0), { colour = "grey", width = 3.0, opacity = 0.5 })
    panel = panel:add(plot.lines(z:column(0), { colour = "red" }))
    for unit = 1, math.min(6, targets:shape()[2]) - 1 do
        panel = panel:add(plot.lines(targets:column(unit) + 2.5 * unit, { colour = "grey", width = 3.0, opacity = 0.5 }))
        panel = panel:add(plot.lines(z:column(unit) + 2.5 * unit, { colour = "red" }))
    end
    return panel:title(title):x_label("step")
end
plot.grid({ {
    curves(before.outputs, targets, "before training"),
    curves(fit.outputs, targets, "last training pass"),
    curves(after.outputs, targets, "free run"),
} }):size(300, 320):save("force.png")

-- Activity, error, learned readout weights, and their effect on the effective recurrent matrix.
local function image(x, title, label)
    return plot.heatmap(x:transpose(), { label = label }):title(title):x_label("step"):y_label("unit")
end
local effective = net:effective()
plot.grid({
    { image(after.states:slice(1, 0, 100), "activity, free run", "h"), image(targets, "targets", "f"),
      image(error, "error, free run", "|z - f|") },
    { plot.heatmap(net:params().wO, { label = "wO" }):title("readout weights"):x_label("unit"):y_label("output"),
      plot.heatmap(effective, { label = "weight" }):title("wR + wF wO"):x_label("from unit"):y_label("to unit"),
      plot.histogram(net:params().wO:reshape({-1}), { bins = 40 }):title("readout weights"):x_label("weight") },
    { plot.eigenvalues(net:params().wR:eigenvalues()):title("wR"),
      plot.eigenvalues(effective:eigenvalues()):title("wR + wF wO") },
}):save("force-inside.png")

-- A periodic target: after training on three periods, the student continues it in a free run.
local sines = signals.sines(2 * steps, { period = 100, amplitudes = {1.0, 0.5, 0.15, 0.3}, phases = {0.0, 1.0, 2.0, 3.0} })
local singer = force.network{ units = 500, gain = 1.5, seed = seed(1) }
force.train(singer, nil, sines:slice(0, 0, steps), { epochs = budget(15) })
local song = singer:run(2 * steps).outputs
local off = (song - sines):abs()
print("sines, free run: mean |z - f| " .. fixed(off:slice(0, 0, steps):mean():item(), 4)
    .. ", over " .. steps .. " steps more " .. fixed(off:slice(0, steps, 2 * steps):mean():item(), 4))
curves(song, sines, "sines, free run"):size(640, 240):save("force-sines.png")

-- Interactive 3-D view: the free run in the space of its first three principal components.
local space = pca.fit(after.states, { components = 3 })
view(scene.trajectories(space:transform(after.states), { by = "time", values_label = "step" })
    :title("free run of the student"):x_label("component 1"):y_label("component 2"):z_label("component 3"), { name = "force" })
