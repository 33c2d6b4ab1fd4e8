-- Lorenz attractor: display trajectories in the interactive 3-D viewer
--
-- Twelve trajectories that start close together diverge. In the window, drag to rotate, scroll to
-- zoom and press space to play or pause; H lists all keys.

local function step(h)
    local x, y, z = h:column(0), h:column(1), h:column(2)
    return stack({ (y - x) * 10.0, x * (28.0 - z) - y, x * y - z * (8.0 / 3.0) }, 1)
end
local dt = 0.01
local h = ones({12, 3}) + random.normal(random.key(seed(0)), {12, 3}) * 0.01
local path = { h }
for _ = 1, 2500 do
    -- Heun's method: two evaluations per step.
    local slope = step(h)
    h = h + (slope + step(h + slope * dt)) * (0.5 * dt)
    path[#path + 1] = h
end
local butterfly = scene.trajectories(stack(path, 1), { by = "trial", values_label = "trial", width = 0.8 })
    :title("Lorenz's butterfly"):x_label("x"):y_label("y"):z_label("z")
butterfly:save("lorenz.html")
butterfly:save("lorenz.png")
view(butterfly, { name = "lorenz" })
