-- FORCE learning: train a chaotic network online to reproduce target signals
--
-- Learning goal: train the readout of a recurrent network online with FORCE learning, and test
-- whether the network generates the targets on its own.
--
-- The targets are the activity of 20 units of a chaotic network of 500 units. The outputs of a
-- second network, the student, are fed back to it, and its readout is updated at every step, so its
-- error is small from the start. The updates shrink during training until the student generates the
-- targets without updates (a free run). Another student learns a sum of sines and continues it
-- beyond the training data.
--
-- Source: Sussillo and Abbott 2009, and the notebook of Sussillo 2019. Run time: two seconds.

-- The seeds and the key layout reproduce the target network and the student of the notebook.
local function make_key(seed) return random.key(seed, { layout = "original" }) end
local steps = 300
local teacher = force.network{ units = 500, outputs = 20, gain = 1.8, seed = make_key(7868221) }
local targets = teacher:run(steps).states:slice(1, 0, 20)

local student = force.network{ units = 500, outputs = 20, gain = 1.5, seed = make_key(7850546) }
local initial_run = student:run(steps)
local start = clock()
local fit = force.train(student, nil, targets, { epochs = budget(15), restart = true })
print(fit.error:shape()[1] .. " epochs in " .. fixed(clock() - start, 2) .. " s")
print("mean |z - f| in each epoch: " .. tostring(fit.error))

-- Free run (no readout updates) from the initial state of the training.
local free_run = student:run(steps, { restart = true })
local free_error = (free_run.outputs - targets):abs()
print("free run: mean |z - f| " .. fixed(free_error:mean():item(), 4))

-- Up to six outputs (red) and their targets (grey), one above the other.
local function plot_outputs(outputs, targets, title)
    local target_style = { colour = "grey", width = 3.0, opacity = 0.5 }
    local output_style = { colour = "red" }
    local panel = plot.lines(targets:column(0), target_style)
    panel = panel:add(plot.lines(outputs:column(0), output_style))
    for i = 1, math.min(6, targets:shape()[2]) - 1 do
        panel = panel:add(plot.lines(targets:column(i) + 2.5 * i, target_style))
        panel = panel:add(plot.lines(outputs:column(i) + 2.5 * i, output_style))
    end
    return panel:title(title):x_label("time step")
end
plot.grid({ {
    plot_outputs(initial_run.outputs, targets, "before training"),
    plot_outputs(fit.outputs, targets, "last training epoch"),
    plot_outputs(free_run.outputs, targets, "free run"),
} }):size(300, 320):save("force.png")

-- Activity, error, readout weights after training, and the effective recurrent matrix, which
-- includes the feedback of the outputs.
local function plot_activity(values, title, label)
    return plot.heatmap(values:transpose(), { colour_label = label })
        :title(title):x_label("time step"):y_label("unit")
end
local readout_weights = student:params().wO
local effective_weights = student:effective()
plot.grid({
    {
        plot_activity(free_run.states:slice(1, 0, 100), "activity, free run", "h"),
        plot_activity(targets, "targets", "f"),
        plot_activity(free_error, "error, free run", "|z - f|"),
    },
    {
        plot.heatmap(readout_weights, { colour_label = "wO" })
            :title("readout weights"):x_label("unit"):y_label("output"),
        plot.heatmap(effective_weights, { colour_label = "weight" })
            :title("wR + wF wO"):x_label("from unit"):y_label("to unit"),
        plot.histogram(readout_weights:reshape({-1}), { bins = 40 })
            :title("readout weights"):x_label("weight"):y_label("count"),
    },
    {
        plot.eigenvalues(student:params().wR:eigenvalues()):title("eigenvalues of wR"),
        plot.eigenvalues(effective_weights:eigenvalues()):title("eigenvalues of wR + wF wO"),
    },
}):save("force-inside.png")

-- A periodic target: after training on three periods, the student continues it in a free run.
local sines = signals.sines(2 * steps, {
    period = 100, amplitudes = {1.0, 0.5, 0.15, 0.3}, phases = {0.0, 1.0, 2.0, 3.0},
})
local sine_student = force.network{ units = 500, gain = 1.5, seed = seed(1) }
force.train(sine_student, nil, sines:slice(0, 0, steps), { epochs = budget(15) })
local sine_outputs = sine_student:run(2 * steps).outputs
local sine_error = (sine_outputs - sines):abs()
local first_error = sine_error:slice(0, 0, steps):mean():item()
local later_error = sine_error:slice(0, steps, 2 * steps):mean():item()
print("sines, free run: mean |z - f| " .. fixed(first_error, 4)
    .. ", over " .. steps .. " steps more " .. fixed(later_error, 4))
plot_outputs(sine_outputs, sines, "sines, free run"):size(640, 240):save("force-sines.png")

-- Interactive 3-D view: the free run in the space of its first three principal components.
local projection = pca.fit(free_run.states, { components = 3 })
local trajectory = projection:transform(free_run.states)
local figure = scene.trajectories(trajectory, { by = "time", colour_label = "time step" })
    :title("free run of the student")
    :x_label("component 1"):y_label("component 2"):z_label("component 3")
view(figure, { name = "force" })
print("Saved three figures to the --out folder.")
