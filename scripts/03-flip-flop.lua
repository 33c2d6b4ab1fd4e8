-- Flip-flop: a three-bit memory and its fixed points
--
-- Learning goal: relate the memory states of a network to its stable fixed points, and the
-- transitions between them to its saddles.
--
-- A network receives pulses of 1 and -1 on three channels and outputs, for each channel, the sign
-- of the most recent pulse. The fixed points of the trained network form a cube. The 8 corners are
-- stable and store the 8 memory states. Each edge has a saddle with one unstable direction, each
-- face a saddle with two, and the centre a saddle with three. Trajectories that leave the saddles
-- show which memory states are neighbours.
--
-- Source: Sussillo and Barak 2013, "Opening the black box". Run time: ten seconds.

local task = tasks.flip_flop{ bits = 3, steps = 64, pulses = 0.1 }
local net = rnn.gru{ inputs = 3, units = 24, outputs = 3, reset = "after", seed = seed(1) }
local fit = train(net, task, {
    batches = 4000, batch_size = 128, clip_norm = 1.0, seed = seed(1),
    optimizer = optim.adam{ lr = optim.exponential(0.01, 0.999) },
})
local trials = task:batch(256, random.key(9))
local run = net:run(trials.inputs)
local accuracy = (run.outputs:sign() * trials.targets):mean():item() * 0.5 + 0.5
print("loss on new trials " .. fixed(net:loss(trials), 5)
    .. ", correct bits " .. fixed(100.0 * accuracy, 2) .. " %")
trials.outputs = run.outputs
net:save("flip-flop.h5")

-- All fixed points without input, with the stable ones first. The search starts from the states of
-- the trials and from interpolations between them.
local start = clock()
local points = fixed_points.find(net, { candidates = run.states, polish = true })
points = points:take(points:modes().unstable:argsort())
print(points)
print("found in " .. fixed(clock() - start, 2) .. " s")
points:save("flip-flop-points.h5")

-- Number of fixed points by number of unstable directions: 8, 12, 6 and 1 for a cube.
local counts = {}
for _, unstable in ipairs(points:modes().unstable:to_list()) do
    local name = fixed(unstable, 0) .. " unstable directions"
    counts[name] = (counts[name] or 0) + 1
end
print(text_of(counts))

-- Completeness of the search: the discovery curve is flat at its end if no points remain in the
-- basins that the candidates reach. The indices of all fixed points of a network with bounded
-- states sum to 1 (8 - 12 + 6 - 1), so any other sum shows that points are missing.
local completeness = points:completeness()
print("points seen: " .. completeness.seen
    .. "; expected in the " .. completeness.basis .. ": " .. fixed(completeness.estimate, 1))
print("known to be missing: " .. completeness.missing)

-- Transitions: the final states of runs that leave the saddles along their unstable directions.
local graph = points:transitions()
print(#graph.runs .. " runs, " .. graph.undecided .. " undecided")

-- The cube in the space of the first three principal components, with trials. Short lines show the
-- unstable directions of each point. A second figure shows the transitions.
local projection = pca.fit(run.states, { components = 3 })
print(projection)
local trajectories = projection:transform(run.states:slice(0, 0, 24))
local cube = scene.trajectories(trajectories, {
    colour = "grey", width = 0.6, opacity = 0.5, label = "trials",
}):add(show.fixed_points(points, projection)):title("stable fixed points and saddles")
    :x_label("component 1"):y_label("component 2"):z_label("component 3")
    :camera(-50, 20)
cube:save("flip-flop-points.png")
show.graph(points, graph, projection)
    :title("transitions from the saddles"):camera(-50, 20):save("flip-flop-graph.png")
plot.grid({ {
    plot.lines(fit.loss, { x = fit.batch })
        :log_y():title("training"):x_label("batch"):y_label("loss"),
    plot.lines(completeness.found, { x = completeness.sizes })
        :title("discovery"):x_label("candidates"):y_label("points"),
    plot.image(graph.matrix)
        :title("transition probability"):x_label("to point"):y_label("from point"),
} }):save("flip-flop-search.png")
show.trials(trials, 2):save("flip-flop-trials.png")

-- Interactive 3-D view: trials move between the memory states.
local figure = cube:add(show.transitions(points, graph, projection))
    :colour_label("probability"):colour_limits(0, 1)
view(figure, { name = "flip-flop" })
print("Saved four figures, flip-flop.h5 and flip-flop-points.h5 to the --out folder.")
