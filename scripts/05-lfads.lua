-- LFADS: infer firing rates, latent dynamics and inputs from spikes
--
-- Learning goal: fit LFADS to spikes and compare the rates and inputs that it infers with the true
-- ones.
--
-- The data are the trials that tutorial 01-integrator saved in the --out folder: hidden states of a
-- network that integrates white noise. They are scaled to firing rates, from which spikes are
-- drawn. LFADS is trained on the spikes alone.
--
-- Source: Pandarinath and others 2018, and the notebook of Sussillo 2019. Run time on two cores: 15
-- minutes with AVX-512, 30 minutes without.

-- Spike counts, [trials, time steps, units]. The last tenth of the trials is for validation.
local max_rate_hz = 80.0
local dt = 1.0 / 25.0 -- s
local data = h5.read("integrator-trials.h5")
local rates = (data.hiddens + 1.0) * (0.5 * max_rate_hz)
local counts = spikes.poisson(rates * dt, random.key(seed(1)):fold_in(1))
local shape = counts:shape()
local n = shape[1]
local n_train = n - n // 10
local mean_rate = counts:mean():item() / dt
print(n .. " trials of " .. shape[2] .. " steps and " .. shape[3] .. " units; "
    .. "mean firing rate " .. fixed(mean_rate, 1) .. " Hz")
local valid_counts = counts:slice(0, n_train, n)
local train_counts = counts:slice(0, 0, n_train)

-- Training.
local model = lfads.model{ channels = 100, dt = dt, seed = seed(1) }
print(model)
local start = clock()
local fit = lfads.train(model, train_counts, {
    batches = 20000, validation = valid_counts, validate_every = 500, seed = seed(1),
    checkpoint = "lfads-run.h5",
})
print(fit.batches .. " batches in " .. fixed(clock() - start, 0) .. " s, "
    .. fit.resumed .. " of them from the checkpoint")
print("held-out loss " .. fixed(fit.best, 1)
    .. ": negative log-likelihood " .. fixed(fit.validation_nll[-1], 1)
    .. ", KL of the initial state " .. fixed(fit.validation_kl_initial[-1], 2)
    .. ", KL of the inputs " .. fixed(fit.validation_kl_inferred[-1], 2))
for _, warning in ipairs(fit.warnings) do
    print(warning)
end
model:save("lfads.h5")

-- The loss and its terms, with the validation values in red. The first row shows only values up to
-- 150 above the minimum, because the losses of the first batches are much larger.
local function plot_loss(name, valid_name, title)
    return plot.lines(fit[name], { x = fit.batch }):title(title):x_label("batch")
        :add(plot.lines(fit[valid_name], { x = fit.batch, colour = "red" }))
end
local function limit_y(panel, valid_name)
    local lowest = fit[valid_name]:min():item()
    return panel:y_limits(lowest - 20.0, lowest + 150.0)
end
local loss = plot_loss("loss", "validation", "loss")
local nll = plot_loss("nll", "validation_nll", "negative log-likelihood")
local kl_initial = plot_loss("kl_initial", "validation_kl_initial",
    "KL divergence of the initial state")
local kl_inferred = plot_loss("kl_inferred", "validation_kl_inferred",
    "KL divergence of the inputs")
plot.grid({
    { limit_y(loss, "validation"), limit_y(nll, "validation_nll") },
    { kl_initial:log_y(), kl_inferred:log_y() },
}):save("lfads-training.png")

-- Held-out trials: averages over 128 samples from the posterior of each trial.
local n_eval = math.min(n - n_train, budget(1000))
local eval_counts = valid_counts:slice(0, 0, n_eval)
local true_rates = rates:slice(0, n_train, n_train + n_eval)
local true_inputs = data.inputs:slice(0, n_train, n_train + n_eval)
local posterior = model:infer(eval_counts, { samples = 128, quantiles = {0.05, 0.95} })

-- Baseline: smoothed spikes projected onto their first two principal components.
local function smooth(counts)
    return (spikes.smooth(counts, { deviation = 0.5 }) / dt):reshape({-1, 100})
end
local train_rates = smooth(train_counts:slice(0, 0, math.min(3000, n_train)))
local rate_pca = pca.fit(train_rates, { components = 2 })
local scores = rate_pca:transform(smooth(eval_counts))
local baseline_rates = rate_pca:inverse_transform(scores):reshape(true_rates:shape())

-- Squared correlation over time between inferred and true values, for each trial and unit.
local lfads_r2 = metrics.r2_correlation(true_rates, posterior.rates)
local baseline_r2 = metrics.r2_correlation(true_rates, baseline_rates)
local input_r2 = metrics.r2_correlation(true_inputs, posterior.inferred_inputs)
print("R^2 of the rates, mean over units and trials: LFADS " .. fixed(lfads_r2:mean():item(), 3)
    .. ", principal components " .. fixed(baseline_r2:mean():item(), 3))
print("R^2 of the inferred input: " .. fixed(input_r2:mean():item(), 3))
local lfads_bits = metrics.bits_per_spike(posterior.rates * dt, eval_counts)
local true_bits = metrics.bits_per_spike(true_rates * dt, eval_counts)
print("bits per spike: " .. fixed(lfads_bits, 3) .. ", with the true rates " .. fixed(true_bits, 3))
local function plot_r2(r2, title)
    return plot.histogram(r2:reshape({-1}), { bins = 40 })
        :x_label("R^2"):y_label("trials"):x_limits(0.0, 1.0):title(title)
end
plot.grid({ {
    plot_r2(baseline_r2:mean(1), "rates: principal components"),
    plot_r2(lfads_r2:mean(1), "rates: LFADS"),
    plot_r2(input_r2, "inferred input"),
} }):save("lfads-r2.png")

-- Single trials: spikes, rates with the 5 to 95 % range of the samples, factors, and inputs. True
-- values are grey and those of LFADS red. The sign and scale of an inferred input are not
-- identifiable: `scale` is the least-squares fit to the true inputs of all trials.
local time = arange(0, 25) * dt
local u = posterior.inferred_inputs - posterior.inferred_inputs:mean()
local scale = (u * true_inputs):sum():item() / (u * u):sum():item()
local true_style = { x = time, colour = "grey", width = 3.0 }
local lfads_style = { x = time, colour = "red" }
local function plot_trial(trial)
    local unit = true_rates[trial]:variance(0):argsort()[-1]
    local low = posterior.rates_quantiles[0][trial]:column(unit)
    local high = posterior.rates_quantiles[1][trial]:column(unit)
    return {
        plot.heatmap(eval_counts[trial]:transpose(), { colour_label = "spikes" })
            :title("spikes"):x_label("time step"):y_label("unit"),
        plot.lines(true_rates[trial]:column(unit), true_style)
            :add(plot.lines(posterior.rates[trial]:column(unit), lfads_style))
            :band(time, low, high)
            :title("trial " .. trial .. ": rate of unit " .. unit)
            :x_label("time (s)"):y_label("rate (Hz)"),
        plot.lines(posterior.factors[trial]:transpose(), { x = time })
            :title("factors"):x_label("time (s)"),
        plot.lines(true_inputs[trial]:column(0), true_style)
            :add(plot.lines(u[trial]:column(0) * scale, lfads_style))
            :title("input, true and inferred"):x_label("time (s)"),
    }
end
plot.grid({ plot_trial(0), plot_trial(1), plot_trial(2) }):size(230, 180)
    :save("lfads-trials.png")

-- Initial states, coloured by the integrator's readout at the first step, in two embeddings:
-- principal components and t-SNE, which preserves neighbourhoods.
local readout = data.outputs:slice(0, n_train, n_train + n_eval):slice(1, 0, 1):reshape({-1})
local function plot_embedding(embedding, title, axis)
    return plot.scatter(embedding:column(0), embedding:column(1), { values = readout })
        :title(title):x_label(axis .. " 1"):y_label(axis .. " 2")
        :colour_label("readout of the integrator")
end
local initial_states = posterior.initial_conditions
local pca_embedding = pca.fit(initial_states, { components = 2 }):transform(initial_states)
local tsne_embedding = tsne.fit(initial_states, { perplexity = math.min(30.0, n_eval / 4.0) })
plot.grid({ {
    plot_embedding(pca_embedding, "initial states: principal components", "component"),
    plot_embedding(tsne_embedding, "initial states: t-SNE", "t-SNE"),
} }):save("lfads-first-states.png")

-- The line attractor: fixed points of the generator without input, searched from its states.
local generator = model:generator()
local states = posterior.generator:reshape({-1, 128})
local order = random.permutation(random.key(3), states:length())
local candidates = states:take(0, order:slice(0, 0, math.min(200, states:length())))
local points = fixed_points.find(generator, { candidates = candidates, tolerance = 1e-5 })
print(points)
local state_pca = pca.fit(states, { components = 3 })
local n_shown = math.min(30, n_eval)
local trial_states = posterior.generator:slice(0, 0, n_shown):reshape({-1, 128})
local trajectories = state_pca:transform(trial_states):reshape({n_shown, 25, 3})
local figure = show.fixed_points(points, state_pca)
    :add(scene.trajectories(trajectories, { colour = "grey", label = "trials" }))
    :title("fixed points of the generator")
figure:save("lfads-fixed-points.png")
view(figure, { name = "lfads" })
print("Saved six figures, lfads.h5 and lfads-run.h5 to the --out folder.")
