-- FORCE learning: a chaotic network that learns, while it runs, to make what another one makes
--
-- The targets are 20 units of a chaotic network of 500, the one of a published notebook: its seed gives it here
-- too, and so does that of the learner. A learner whose outputs are fed back is right at once, because its readout
-- changes in every step; step by step the changes become small, and at last it makes the targets by itself. Then
-- another one learns a sum of sines, and goes on with it for as long as it is let.
--
-- After Sussillo and Abbott 2009, and the notebook of Sussillo 2019. Two seconds.

local function published(seed) return random.key(seed, { layout = "original" }) end
local steps = 300
local data = force.network{ units = 500, outputs = 20, gain = 1.8, key = published(7868221) }
local targets = data:run(steps).states:slice(1, 0, 20)

local net = force.network{ units = 500, outputs = 20, gain = 1.5, key = published(7850546) }
local before = net:run(steps)
local start = clock()
local fit = force.train(net, nil, targets, { passes = budget(15), restart = true })
print(fit.error:shape()[1] .. " passes in " .. fixed(clock() - start, 2) .. " s")
print("mean |z - f| in each pass: " .. tostring(fit.error))

-- By itself, from where it began.
local after = net:run(steps, { restart = true })
local error = (after.outputs - targets):abs()
print("by itself: mean |z - f| " .. fixed(error:mean():item(), 4))

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
    curves(before.outputs, targets, "before"),
    curves(fit.outputs, targets, "in the last pass"),
    curves(after.outputs, targets, "by itself"),
} }):size(300, 320):save("force.png")

-- What the units do, how wrong the outputs are, what has been learned, and what that does to the network.
local function image(x, title, label)
    return plot.heatmap(x:transpose(), { label = label }):title(title):x_label("step"):y_label("unit")
end
local effective = net:effective()
plot.grid({
    { image(after.states:slice(1, 0, 100), "activity by itself", "h"), image(targets, "targets", "f"),
      image(error, "error by itself", "|z - f|") },
    { plot.heatmap(net:params().wO, { label = "wO" }):title("readout weights"):x_label("unit"):y_label("output"),
      plot.heatmap(effective, { label = "weight" }):title("wR + wF wO"):x_label("from unit"):y_label("to unit"),
      plot.histogram(net:params().wO:reshape({-1}), { bins = 40 }):title("readout weights"):x_label("weight") },
    { plot.eigenvalues(net:params().wR:eigenvalues()):title("wR"),
      plot.eigenvalues(effective:eigenvalues()):title("wR + wF wO") },
}):save("force-inside.png")

-- A target that comes again: taught for some periods, the learner goes on with it by itself.
local sines = signals.sines(2 * steps, { period = 100, amplitudes = {1.0, 0.5, 0.15, 0.3}, phases = {0.0, 1.0, 2.0, 3.0} })
local singer = force.network{ units = 500, gain = 1.5, seed = seed(1) }
force.train(singer, nil, sines:slice(0, 0, steps), { passes = budget(15) })
local song = singer:run(2 * steps).outputs
local off = (song - sines):abs()
print("sines, by itself: mean |z - f| " .. fixed(off:slice(0, 0, steps):mean():item(), 4)
    .. ", over " .. steps .. " steps more " .. fixed(off:slice(0, steps, 2 * steps):mean():item(), 4))
curves(song, sines, "sines, by itself"):size(640, 240):save("force-sines.png")

-- What the learner does by itself, in the space of its first three components: to be turned and played.
local space = pca.fit(after.states, { components = 3 })
view(scene.trajectories(space:transform(after.states), { by = "time", values_label = "step" })
    :title("the learner by itself"):x_label("component 1"):y_label("component 2"):z_label("component 3"), { name = "force" })
