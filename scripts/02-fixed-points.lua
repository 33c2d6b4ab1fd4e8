-- Fixed points: analyse how a trained GRU makes a decision
--
-- A GRU of 100 units receives one second of noise and reports, at the final step only, whether the
-- sum was positive. This tutorial trains the network and finds its fixed points without input. They
-- lie along a curved line, and the position on the line stores the sum. Linearization around the
-- line then shows one mode that neither grows nor decays, and how the input drives that mode.
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

-- The searches. A candidate stops when its error, the mean of (F - h)^2 over the units, is below
-- the tolerance. Slow points on the line therefore do not drift along it.
local start = clock()
local found = {}
for _, tolerance in ipairs({ 1e-4, 1e-5, 1e-6 }) do
    local points = fixed_points.find(net, {
        candidates = run.states, tolerance = tolerance, unique_distance = 0.1, interpolated = 0,
    })
    local counts = points:counts()
    print(string.format("error below %g: %d of %d candidates, %d points",
        tolerance, counts.within_tolerance, counts.candidates, counts.unique))
    found[#found + 1] = points
end
print("three searches in " .. fixed(clock() - start, 1) .. " s")

-- The indices of a tensor as a list of integers.
local function whole(places)
    local order = {}
    for at, place in ipairs(places:to_list()) do
        order[at] = math.floor(place)
    end
    return order
end

-- Sort the points of the line by their readout. They are slow points rather than exact fixed
-- points: the state drifts slowly along the line. Neighbouring points belong to the same set if the
-- speed between them is no higher than at the points, so the line is one set of dimension 1. With
-- tolerance 1e-6 only the two arms of the line remain, because the speed is higher around the bend.
local points = found[2]
if points:count() < 3 then
    error("fewer than 3 points: train longer (more batches) to see the line")
end
points = points:take(whole(points:modes().readout:squeeze(1):argsort()))
local modes = points:modes()
local readout = modes.readout:squeeze(1)
for _, set in ipairs(points:sets()) do
    print("a set of " .. #set.points .. " points: dimension " .. set.dimension .. ", extent " .. fixed(set.extent, 1))
end
print("unstable modes at the points of the line: " .. modes.unstable:sum():item())
points:save("fixed-points.h5")

-- The same search with the notebook's method, Adam, from fewer candidates.
local adam = fixed_points.find(net, {
    candidates = run.states, count = 500, method = "adam", max_iters = budget(10000),
    tolerance = 1e-5, unique_distance = 0.1,
})
print("Adam from 500 candidates: " .. adam:counts().within_tolerance .. " within tolerance, " .. adam:count() .. " points")

-- Trials and points in the plane of the first two principal components, coloured by readout.
local plane = pca.fit(run.states, { components = 3 })
local seen = plane:transform(run.states)
local place = plane:transform(points:states())
local paths = plot.scatter(place:column(0), place:column(1), { size = 0.1, colour = "grey" })
for trial = 0, 29 do
    local path = seen[trial]
    paths = paths:add(plot.lines(path:column(1), { x = path:column(0), colour = "grey", width = 0.6, opacity = 0.5 }))
end
local function dots(of)
    local at = plane:transform(of:states())
    return plot.scatter(at:column(0), at:column(1), { values = net:readout(of:states()):squeeze(1) })
end
plot.grid({ {
    paths:add(dots(points)):title("damped Newton"):x_label("component 1"):y_label("component 2"),
    paths:add(dots(adam)):title("Adam, 500 candidates"):x_label("component 1"):y_label("component 2"),
} }):save("line-attractor.png")

-- The training loss, and the error distribution of the points at two tolerances.
plot.grid({ {
    plot.lines(fit.loss, { x = fit.batch }):log_y():title("training"):x_label("batch"),
    plot.histogram(found[1]:error():log() / 2.302585):title("log10 error, tolerance 1e-4"),
    plot.histogram(found[3]:error():log() / 2.302585):title("log10 error, tolerance 1e-6"),
} }):save("search.png")

-- Along the line one eigenvalue stays near 1; all other modes decay within a few steps. The
-- readout changes abruptly at the bend of the line.
local x = place:column(0)
local modulus = (modes.re:square() + modes.im:square()):sqrt()
local middle = math.floor(x:abs():argsort()[0])
plot.grid({ {
    plot.scatter(x, readout):title("readout along the line"):x_label("component 1"),
    plot.scatter(x, modulus:column(0), { label = "largest" })
        :add(plot.scatter(x, modulus:column(1), { label = "second" }))
        :add(plot.scatter(x, modulus:column(2), { label = "third" }))
        :title("moduli of eigenvalues"):x_label("component 1"),
    plot.eigenvalues({ re = modes.re[middle], im = modes.im[middle] })
        :title("eigenvalues nearest to the bend"),
} }):save("eigenvalues.png")

-- The right eigenvector of the eigenvalue near 1 is tangent to the line. The left eigenvector
-- determines which component of the input persists.
local slow = whole(modes.slowest)
local axis = plane:components()[0]
local output = net:params().wO[0]:f64()
local read, kept = {}, {}
for at, k in ipairs(slow) do
    local right = modes.right.re[at - 1][k]
    local left = modes.left.re[at - 1][k]
    -- The sign of an eigenvector is arbitrary: align it with principal component 1.
    local sign = (axis * right):sum():sign():item()
    read[at] = sign * (output * right):sum():item()
    kept[at] = sign * (left * modes.by_input[at - 1]:column(0)):sum():item()
end
plot.grid({ {
    plot.scatter(x, modes.line):title("cosine of the slow mode and the line"):x_label("component 1"),
    plot.scatter(x, read):title("readout . right vector"):x_label("component 1"),
    plot.scatter(x, kept):title("left vector . input"):x_label("component 1"),
} }):save("modes.png")

-- Interactive 3-D view of the line and the trials.
view(scene.trajectories(seen:slice(0, 0, 30), { colour = "grey", width = 0.8, label = "trials" })
    :add(scene.points(place, { values = net:readout(points:states()):squeeze(1), values_label = "readout", label = "fixed points" }))
    :colour_label("readout"):title("a curved line of fixed points"):x_label("component 1"):y_label("component 2"):z_label("component 3"), { name = "line-attractor" })
print("Saved four figures, decision.h5 and fixed-points.h5 to the --out folder.")
