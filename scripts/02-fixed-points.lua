-- Fixed points: analyse how a trained GRU makes a decision
--
-- Learning goal: find the fixed points of a trained network and explain its computation by
-- linearizing the dynamics around them.
--
-- A GRU of 100 units receives one second of noise and reports, at the final step only, whether the
-- sum was positive. Its fixed points without input lie along a curved line, and the position on the
-- line stores the sum. Linearization around the line shows one mode that neither grows nor decays,
-- and how the input drives that mode.
--
-- Source: "Fixed Point Finder" of computation-thru-dynamics (D. Sussillo, 2019); Sussillo and Barak
-- 2013. Run time: two minutes.

-- The network, trained with the settings of the notebook.
local task = tasks.decision{ steps = 25, duration = 1.0, bias = 0.01, noise = 0.025 }
local net = rnn.gru{ inputs = 1, units = 100, outputs = 1, seed = seed(1) }
local fit = train(net, task, {
    batches = 20000, batch_size = 128, clip_norm = 10.0, l2 = 2e-5, seed = seed(1),
    optimizer = optim.adam{ lr = optim.exponential(0.04, 0.9999), epsilon = 0.1 },
})
net:save("decision.h5")
print("loss on new trials: " .. fixed(net:loss(task:batch(1024, random.key(99))), 4))

-- Candidates: the hidden states of 400 trials at all 25 time steps.
local trials = task:batch(400, random.key(2))
local run = net:run(trials.inputs)

-- Three searches. A candidate stops when its error, the mean of (F - h)^2 over the units, is below
-- the tolerance. Slow points on the line therefore do not drift along it.
local start = clock()
local searches = {}
for _, tolerance in ipairs({ 1e-4, 1e-5, 1e-6 }) do
    local points = fixed_points.find(net, {
        candidates = run.states, tolerance = tolerance, unique_distance = 0.1, interpolated = 0,
    })
    local counts = points:counts()
    print("error below " .. text_of(tolerance) .. ": " .. counts.within_tolerance .. " of "
        .. counts.candidates .. " candidates, " .. counts.unique .. " points")
    table.insert(searches, points)
end
print("three searches in " .. fixed(clock() - start, 1) .. " s")

-- The points of the second search, sorted by their readout. They are slow points rather than exact
-- fixed points: the state drifts slowly along the line. Neighbouring points belong to the same set
-- if the speed between them is no higher than at the points, so the line is one set of dimension 1.
-- With tolerance 1e-6 only the two arms of the line remain, because the speed is higher around the
-- bend.
local points = searches[2]
if points:count() < 3 then
    error("fewer than 3 points: train longer (more batches) to see the line")
end
points = points:take(points:modes().readout:squeeze(1):argsort())
local modes = points:modes()
local readout = modes.readout:squeeze(1)
for _, set in ipairs(points:sets()) do
    print("a set of " .. #set.points .. " points: dimension " .. set.dimension
        .. ", extent " .. fixed(set.extent, 1))
end
print("unstable modes at the points of the line: " .. modes.unstable:sum():item())
points:save("fixed-points.h5")

-- The same search with the notebook's method, Adam, from fewer candidates.
local adam_points = fixed_points.find(net, {
    candidates = run.states, count = 500, method = "adam", max_iters = budget(10000),
    tolerance = 1e-5, unique_distance = 0.1,
})
print("Adam from 500 candidates: " .. adam_points:counts().within_tolerance .. " within tolerance, "
    .. adam_points:count() .. " points")

-- Trials and points in the plane of the first two principal components, coloured by readout. The
-- tiny grey dots extend the axes of both panels to all points of the line.
local projection = pca.fit(run.states, { components = 3 })
local trajectories = projection:transform(run.states)
local line = projection:transform(points:states())
local background = plot.scatter(line:column(0), line:column(1), { size = 0.1, colour = "grey" })
for trial = 0, 29 do
    local trajectory = trajectories[trial]
    background = background:add(plot.lines(trajectory:column(1), {
        x = trajectory:column(0), colour = "grey", width = 0.6, opacity = 0.5,
    }))
end
local function plot_points(points, title)
    local position = projection:transform(points:states())
    return background:add(plot.scatter(position:column(0), position:column(1), {
        values = net:readout(points:states()):squeeze(1),
    })):title(title):x_label("component 1"):y_label("component 2")
end
plot.grid({ {
    plot_points(points, "damped Newton"),
    plot_points(adam_points, "Adam, 500 candidates"),
} }):save("line-attractor.png")

-- The training loss, and the error distribution of the points at two tolerances.
local ln_10 = 2.302585
plot.grid({ {
    plot.lines(fit.loss, { x = fit.batch })
        :log_y():title("training"):x_label("batch"):y_label("loss"),
    plot.histogram(searches[1]:error():log() / ln_10)
        :title("tolerance 1e-4"):x_label("log10 error"):y_label("points"),
    plot.histogram(searches[3]:error():log() / ln_10)
        :title("tolerance 1e-6"):x_label("log10 error"):y_label("points"),
} }):save("search.png")

-- Along the line one eigenvalue stays near 1; all other modes decay within a few steps. The readout
-- changes abruptly at the bend of the line.
local x = line:column(0)
local moduli = (modes.re:square() + modes.im:square()):sqrt()
local bend = x:abs():argsort()[0]
plot.grid({ {
    plot.scatter(x, readout):title("readout along the line")
        :x_label("component 1"):y_label("readout"),
    plot.scatter(x, moduli:column(0), { label = "largest" })
        :add(plot.scatter(x, moduli:column(1), { label = "second" }))
        :add(plot.scatter(x, moduli:column(2), { label = "third" }))
        :title("largest eigenvalues"):x_label("component 1"):y_label("modulus"),
    plot.eigenvalues({ re = modes.re[bend], im = modes.im[bend] })
        :title("eigenvalues nearest to the bend"),
} }):save("eigenvalues.png")

-- The right eigenvector of the eigenvalue near 1 is tangent to the line. The left eigenvector
-- determines which component of the input persists.
local pc1 = projection:components()[0]
local readout_weights = net:params().wO[0]:f64()
local readout_gains = {}
local input_gains = {}
for i = 0, points:count() - 1 do
    local right_vector = modes.right.re[i][modes.slowest[i]]
    local left_vector = modes.left.re[i][modes.slowest[i]]
    local input_weights = modes.by_input[i]:column(0)
    -- The sign of an eigenvector is arbitrary: align it with principal component 1.
    local sign = (pc1 * right_vector):sum():sign():item()
    table.insert(readout_gains, sign * (readout_weights * right_vector):sum():item())
    table.insert(input_gains, sign * (left_vector * input_weights):sum():item())
end
plot.grid({ {
    plot.scatter(x, modes.line)
        :title("slow mode and line"):x_label("component 1"):y_label("cosine"),
    plot.scatter(x, readout_gains)
        :title("readout weights and right eigenvector")
        :x_label("component 1"):y_label("dot product"),
    plot.scatter(x, input_gains)
        :title("left eigenvector and input weights")
        :x_label("component 1"):y_label("dot product"),
} }):save("modes.png")

-- Interactive 3-D view of the line and the trials.
local figure = scene.trajectories(trajectories:slice(0, 0, 30), {
    colour = "grey", width = 0.8, label = "trials",
}):add(scene.points(line, {
    values = net:readout(points:states()):squeeze(1), colour_label = "readout",
    label = "fixed points",
})):colour_label("readout"):title("a curved line of fixed points")
    :x_label("component 1"):y_label("component 2"):z_label("component 3")
view(figure, { name = "line-attractor" })
print("Saved four figures, decision.h5 and fixed-points.h5 to the --out folder.")
