-- Fixed points: how a network decides, seen at the states where it comes to rest
--
-- A network of 100 gated units hears noise for one second and says at the end, and only then,
-- whether its sum was positive. We train it and search the states that do not move when nothing
-- comes in. They lie along a bent line: the sum is held as a place on it. Then we look at what the
-- network does near the line: one mode that neither grows nor fades, and how the input gets in.
--
-- After "Fixed Point Finder" of computation-thru-dynamics (D. Sussillo, 2019); Sussillo and Barak
-- 2013. Two minutes.

-- The network, trained as in the notebook.
local task = tasks.decision{ steps = 25, duration = 1.0, bias = 0.01, noise = 0.025 }
local net = rnn.gru{ inputs = 1, units = 100, outputs = 1, seed = seed(1) }
local fit = train(net, task, {
    batches = 20000, batch = 128, clip = 10.0, l2 = 2e-5, seed = seed(1),
    optimizer = optim.adam{ rate = optim.exponential(0.04, 0.9999), epsilon = 0.1 },
})
net:save("decision.h5")
print("loss on new trials: " .. fixed(net:loss(task:batch(1024, random.key(99))), 4))

-- Candidates: the states of 400 trials at all 25 times.
local trials = task:batch(400, random.key(2))
local run = net:run(trials.inputs)

-- The searches. A candidate stops where its error, the mean of (F - h)^2 over the units, is within
-- the tolerance, so that points with little speed stay where they are, on the line.
local start = clock()
local found = {}
for _, tolerance in ipairs({ 1e-4, 1e-5, 1e-6 }) do
    local points = fixed_points.find(net, {
        candidates = run.states, tolerance = tolerance, unique = 0.1, between = 0,
    })
    local stages = points:stages()
    print(string.format("error below %g: %d of %d candidates, %d points",
        tolerance, stages.within_tolerance, stages.candidates, stages.unique))
    found[#found + 1] = points
end
print("three searches in " .. fixed(clock() - start, 1) .. " s")

-- Places in order, as whole numbers.
local function whole(places)
    local order = {}
    for at, place in ipairs(places:to_list()) do
        order[at] = math.floor(place)
    end
    return order
end

-- The line in order: sorted by what the readout says there. Its points are slow points, not fixed
-- points: the state creeps along it. Neighbours between which it is no faster belong to one set, so
-- that the line is one set of dimension 1. At 1e-6 only its two arms are left, for the state is
-- faster around the bend between them.
local points = found[2]
if points:count() < 3 then
    error("fewer than 3 points: train longer (more batches) to see the line")
end
points = points:pick(whole(points:modes().readout:squeeze(1):argsort()))
local modes = points:modes()
local readout = modes.readout:squeeze(1)
for _, set in ipairs(points:sets()) do
    print("a set of " .. #set.points .. " points: dimension " .. set.dimension .. ", extent " .. fixed(set.extent, 1))
end
print("growing modes across the line: " .. modes.unstable:sum():item())
points:save("fixed-points.h5")

-- The same by the notebook's descent, from fewer candidates.
local adam = fixed_points.find(net, {
    candidates = run.states, count = 500, method = "adam", steps = budget(10000),
    tolerance = 1e-5, unique = 0.1,
})
print("adam from 500 candidates: " .. adam:stages().within_tolerance .. " within tolerance, " .. adam:count() .. " points")

-- In the plane of the first components of the states: trials, and the points by their readout.
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

-- What became of the candidates, and how many steps it took.
plot.grid({ {
    plot.lines(fit.loss, { x = fit.batch }):log_y():title("training"):x_label("batch"),
    plot.histogram(found[1]:error():log() / 2.302585):title("log10 error, tolerance 1e-4"),
    plot.histogram(found[3]:error():log() / 2.302585):title("log10 error, tolerance 1e-6"),
} }):save("search.png")

-- Along the line one eigenvalue stays near 1; all others decay within some steps. The readout jumps
-- where the line bends.
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

-- The mode near 1 points along the line; its left eigenvector says what part of an input stays.
local slow = whole(modes.slowest)
local axis = plane:components()[0]
local output = net:params().wO[0]:f64()
local read, kept = {}, {}
for at, k in ipairs(slow) do
    local right = modes.right.re[at - 1][k]
    local left = modes.left.re[at - 1][k]
    -- The sign of an eigenvector is nobody's choice: here it points along component 1.
    local sign = (axis * right):sum():sign():item()
    read[at] = sign * (output * right):sum():item()
    kept[at] = sign * (left * modes.by_input[at - 1]:column(0)):sum():item()
end
plot.grid({ {
    plot.scatter(x, modes.line):title("cosine of the slow mode and the line"):x_label("component 1"),
    plot.scatter(x, read):title("readout . right vector"):x_label("component 1"),
    plot.scatter(x, kept):title("left vector . input"):x_label("component 1"),
} }):save("modes.png")

-- To be turned and played: the bent line, and the trials beside it.
view(scene.trajectories(seen:slice(0, 0, 30), { colour = "grey", width = 0.8, label = "trials" })
    :add(scene.points(place, { values = net:readout(points:states()):squeeze(1), values_label = "readout", label = "fixed points" }))
    :colour_label("readout"):title("a bent line of fixed points"):x_label("component 1"):y_label("component 2"):z_label("component 3"), { name = "line-attractor" })
print("Four figures, decision.h5 and fixed-points.h5 are in the folder of --out.")
