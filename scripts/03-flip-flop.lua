-- The flip-flop: three bits of memory, and the fixed points that hold them
--
-- A network hears pulses of 1 and -1 on three channels and is to say, for each, which way the last
-- one went. We train it and search its fixed points: a cube. Each of the 8 memories is a stable
-- point; between two that differ in one bit lies a saddle with one way out, one with two in each
-- face, and one with three in the middle. Runs that leave the saddles say which memories border on
-- each other.
--
-- After Sussillo and Barak 2013, "Opening the black box". Ten seconds.

local task = tasks.flip_flop{ bits = 3, steps = 64, pulses = 0.1 }
local net = rnn.gru{ inputs = 3, units = 24, outputs = 3, reset = "after", seed = seed(1) }
local fit = train(net, task, {
    batches = 4000, batch = 128, clip = 1.0, seed = seed(1),
    optimizer = optim.adam{ rate = optim.exponential(0.01, 0.999) },
})
local trials = task:batch(256, random.key(9))
local run = net:run(trials.inputs)
local right = (run.outputs:sign() * trials.targets):mean():item() * 0.5 + 0.5
print("loss on new trials " .. fixed(net:loss(trials), 5) .. ", bits right " .. fixed(100.0 * right, 2) .. " %")
trials.outputs = run.outputs
net:save("flip-flop.h5")

-- All fixed points without input, from the states of the trials and from between them; the stable
-- ones first.
local start = clock()
local points = fixed_points.find(net, { candidates = run.states, polish = true })
local order = {}
for at, place in ipairs(points:modes().unstable:argsort():to_list()) do
    order[at] = math.floor(place)
end
points = points:pick(order)
print(points)
print("found in " .. fixed(clock() - start, 2) .. " s")
points:save("flip-flop-points.h5")

-- How many there are of each kind: 8, 12, 6 and 1 for a cube.
local modes = points:modes()
local kinds = {}
for _, count in ipairs(modes.unstable:to_list()) do
    local name = math.floor(count) .. " ways out"
    kinds[name] = (kinds[name] or 0) + 1
end
print(text_of(kinds))

-- How the search came upon them: the curve is flat at its end when none are left in the basins that
-- these candidates reach. The sum of the indices of all fixed points is 1 for a network of bounded
-- states (8 - 12 + 6 - 1), so another sum would say that some are missing.
local unseen = points:unseen()
print("points seen: " .. unseen.seen .. "; expected in the " .. unseen.basis .. ": " .. fixed(unseen.estimate, 1))
print("known to be missing: " .. unseen.missing)

-- Where runs go that leave the saddles along their unstable directions.
local graph = points:transitions()
print(#graph.runs .. " runs, " .. graph.undecided .. " undecided")

-- The cube, in the space of the first three components: trials pass by the points; short lines show
-- the ways out of each. Beside it, where these ways lead.
local space = pca.fit(run.states, { components = 3 })
print(space)
local paths = space:transform(run.states:slice(0, 0, 24))
local cube = scene.trajectories(paths, { colour = "grey", width = 0.6, opacity = 0.5, label = "trials" })
    :add(show.fixed_points(points, space)):title("memories and what lies between them")
    :x_label("component 1"):y_label("component 2"):z_label("component 3")
    :camera(-50, 20)
cube:save("flip-flop-points.png")
show.graph(points, graph, space)
    :title("where runs from the saddles end"):camera(-50, 20):save("flip-flop-graph.png")
plot.grid({ {
    plot.lines(fit.loss, { x = fit.batch }):log_y():title("training"):x_label("batch"),
    plot.lines(unseen.found, { x = unseen.sizes }):title("discovery"):x_label("candidates"):y_label("points"),
    plot.image(graph.matrix):title("transitions"):x_label("to"):y_label("from"),
} }):save("flip-flop-search.png")
show.trials(trials, 2):save("flip-flop-trials.png")
-- To be turned and played: trials run from memory to memory.
view(cube:add(show.transitions(points, graph, space)):colour_label("probability"):limits_colour(0, 1), { name = "flip-flop" })
print("Four figures, flip-flop.h5 and flip-flop-points.h5 are in the folder of --out.")
