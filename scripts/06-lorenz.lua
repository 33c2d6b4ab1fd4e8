-- Lorenz attractor: display trajectories in the interactive 3-D viewer
--
-- Learning goal: integrate a differential equation with tensors and explore its trajectories in the
-- viewer.
--
-- Twelve trajectories that start close together diverge. In the window, drag to rotate, scroll to
-- zoom and press space to play or pause; H lists all keys.

-- The time derivative of the states [12, 3].
local function derivative(state)
    local x = state:column(0)
    local y = state:column(1)
    local z = state:column(2)
    return stack({ (y - x) * 10.0, x * (28.0 - z) - y, x * y - z * (8.0 / 3.0) }, 1)
end

-- Heun's method: two evaluations of the derivative per step.
local dt = 0.01
local state = ones({12, 3}) + random.normal(random.key(seed(0)), {12, 3}) * 0.01
local states = { state }
for i = 1, 2500 do
    local slope = derivative(state)
    state = state + (slope + derivative(state + slope * dt)) * (0.5 * dt)
    table.insert(states, state)
end

local trajectories = stack(states, 1)
local figure = scene.trajectories(trajectories, {
    by = "trial", colour_label = "trial", width = 0.8,
}):title("Lorenz's butterfly"):x_label("x"):y_label("y"):z_label("z")
figure:save("lorenz.html")
figure:save("lorenz.png")
view(figure, { name = "lorenz" })
print("Saved two figures to the --out folder.")
