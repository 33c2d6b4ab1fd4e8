-- LFADS: infer firing rates, latent dynamics and inputs from spikes
--
-- The data are the trials that tutorial 01-integrator saved in the --out folder: hidden states of a
-- network that integrates white noise. They are scaled to firing rates, from which spikes are
-- drawn. LFADS is trained on the spikes alone. This tutorial compares the rates and inputs that it
-- infers with the true ones.
--
-- Source: Pandarinath and others 2018, and the notebook of Sussillo 2019. Run time on two cores: 15
-- minutes with AVX-512, 30 minutes without.

local most = 80.0     -- Hz
local dt = 1.0 / 25.0 -- s
local data = h5.read("integrator-trials.h5")
local rates = (data.hiddens + 1.0) * (0.5 * most)
local counts = spikes.poisson(rates * dt, random.key(seed(1)):fold_in(1))
local shape = counts:shape()
local n = shape[1]
local held = n // 10
print(n .. " trials of " .. shape[2] .. " steps and " .. shape[3] .. " units; mean firing rate "
    .. fixed(counts:mean():item() / dt, 1) .. " Hz")
local held_spikes = counts:slice(0, n - held, n)
local train_spikes = counts:slice(0, 0, n - held)

local model = lfads.model{ channels = 100, dt = dt, seed = seed(1) }
print(model)
local start = clock()
local fit = lfads.train(model, train_spikes, {
    batches = 20000, validation = held_spikes, validate_every = 500, seed = seed(1), checkpoint = "lfads-run.h5",
})
print(fit.batches .. " batches in " .. fixed(clock() - start, 0) .. " s, " .. fit.resumed .. " of them from the checkpoint")
print("held-out loss " .. fixed(fit.best, 1) .. ": negative log-likelihood " .. fixed(fit.validation_nll[-1], 1)
    .. ", KL of the initial state " .. fixed(fit.validation_kl_initial[-1], 2) .. ", KL of the inputs " .. fixed(fit.validation_kl_inferred[-1], 2))
for _, warning in ipairs(fit.warnings) do print(warning) end
model:save("lfads.h5")

local function curve(y, title) return plot.lines(y, { x = fit.batch }):title(title):x_label("batch") end
local function held_out(y) return plot.lines(y, { x = fit.batch, colour = "red" }) end
local function pair(name, title) return curve(fit[name], title):add(held_out(fit["validation_" .. name])) end
local function around(panel, y)
    local least = y:min():item()
    return panel:y_limits(least - 20.0, least + 150.0)
end
plot.grid({
    { around(curve(fit.loss, "loss"):add(held_out(fit.validation)), fit.validation),
      around(pair("nll", "negative log-likelihood"), fit.validation_nll) },
    { pair("kl_initial", "KL divergence of the initial state"):log_y(), pair("kl_inferred", "KL divergence of the inputs"):log_y() },
}):save("lfads-training.png")

-- Held-out trials: averages over 128 samples from the posterior of each trial.
local count = math.min(held, budget(1000))
local few = held_spikes:slice(0, 0, count)
local truth = rates:slice(0, n - held, n - held + count)
local true_input = data.inputs:slice(0, n - held, n - held + count)
local found = model:infer(few, { samples = 128, quantiles = {0.05, 0.95} })

-- Baseline: smoothed spikes projected onto their first two principal components.
local function smooth(x) return spikes.smooth(x, { deviation = 0.5 }) / dt end
local plane = pca.fit(smooth(train_spikes:slice(0, 0, math.min(3000, n - held))):reshape({-1, 100}), { components = 2 })
local flat = plane:inverse(plane:transform(smooth(few):reshape({-1, 100}))):reshape(truth:shape())

-- Squared correlation over time between inferred and true values, for each trial and unit.
local lfads_r2 = metrics.r2_correlation(truth, found.rates)
local flat_r2 = metrics.r2_correlation(truth, flat)
local input_r2 = metrics.r2_correlation(true_input, found.inferred_inputs)
print("R^2 of the rates, mean over units and trials: LFADS " .. fixed(lfads_r2:mean():item(), 3)
    .. ", principal components " .. fixed(flat_r2:mean():item(), 3))
print("R^2 of the inferred input: " .. fixed(input_r2:mean():item(), 3))
print("bits per spike: " .. fixed(metrics.bits_per_spike(found.rates * dt, few), 3)
    .. ", with the true rates " .. fixed(metrics.bits_per_spike(truth * dt, few), 3))
local function both(x) return plot.histogram(x:reshape({-1}), { bins = 40 }):x_label("R^2"):x_limits(0.0, 1.0) end
plot.grid({ {
    both(flat_r2:mean(1)):title("trials: principal components"),
    both(lfads_r2:mean(1)):title("trials: LFADS"),
    both(input_r2):title("inferred input"),
} }):save("lfads-r2.png")

-- Single trials: spikes, rates with the 5 to 95 % range of the samples, factors, and inputs.
local time = arange(0, 25) * dt
-- The sign and scale of an inferred input are not identifiable: use the least-squares fit over all
-- trials.
local u = found.inferred_inputs - found.inferred_inputs:mean()
local scale = (u * true_input):sum():item() / (u * u):sum():item()
local function row(trial)
    local unit = math.floor(truth[trial]:variance(0):argsort()[-1])
    local rate = plot.lines(truth[trial]:column(unit), { x = time, colour = "grey", width = 3.0 })
        :add(plot.lines(found.rates[trial]:column(unit), { x = time, colour = "red" }))
        :band(time, found.rates_quantiles[0][trial]:column(unit), found.rates_quantiles[1][trial]:column(unit))
        :title("trial " .. trial .. ": rate of unit " .. unit):x_label("s"):y_label("Hz")
    local input = plot.lines(true_input[trial]:column(0), { x = time, colour = "grey", width = 3.0 })
        :add(plot.lines(u[trial]:column(0) * scale, { x = time, colour = "red" })):title("input, true and inferred"):x_label("s")
    return { plot.heatmap(few[trial]:transpose(), { label = "spikes" }):title("spikes"):x_label("step"):y_label("unit"),
        rate, plot.lines(found.factors[trial]:transpose(), { x = time }):title("factors"):x_label("s"), input }
end
plot.grid({ row(0), row(1), row(2) }):size(230, 180):save("lfads-trials.png")

-- Initial states, coloured by the integrator's readout at the first step, in two embeddings:
-- principal components and t-SNE, which preserves neighbourhoods.
local readout = data.outputs:slice(0, n - held, n - held + count):slice(1, 0, 1):reshape({-1})
local function places(at, title, axis)
    return plot.scatter(at:column(0), at:column(1), { values = readout })
        :title(title):x_label(axis .. " 1"):y_label(axis .. " 2"):colour_label("readout of the integrator")
end
plot.grid({ {
    places(pca.fit(found.initial_conditions, { components = 2 }):transform(found.initial_conditions), "initial states: principal components", "component"),
    places(tsne.fit(found.initial_conditions, { perplexity = math.min(30.0, count / 4.0) }), "initial states: t-SNE", "t-SNE"),
} }):save("lfads-first-states.png")

-- The line attractor: fixed points of the generator without input, searched from its states.
local generator = model:generator()
local states = found.generator:reshape({-1, 128})
local some = random.permutation(random.key(3), states:length()):slice(0, 0, math.min(200, states:length()))
local points = fixed_points.find(generator, { candidates = states:take(0, some), tolerance = 1e-5 })
print(points)
local space = pca.fit(states, { components = 3 })
local shown = math.min(30, count)
local paths = space:transform(found.generator:slice(0, 0, shown):reshape({-1, 128})):reshape({shown, 25, 3})
local line = show.fixed_points(points, space)
    :add(scene.trajectories(paths, { colour = "grey", label = "trials" }))
    :title("fixed points of the generator")
line:save("lfads-fixed-points.png")
view(line, { name = "lfads" })
print("Saved six figures, lfads.h5 and lfads-run.h5 to the --out folder.")
