local function fresh() return rnn.vanilla{ units = 4 } end
local function train_with(net, batch)
    return train(net, tasks.integrator(), { batches = 3, batch_size = batch, checkpoint = "run.h5" })
end
print(train_with(fresh(), 8).resumed)
print(train_with(fresh(), 8).resumed)
h5.write("data.h5", { x = 1 })
for _, file in ipairs({ "run.h5", "data.h5" }) do
    local options = { batches = 3, batch_size = 9, checkpoint = file }
    if not pcall(train, fresh(), tasks.integrator(), options) then
        print("refused: " .. file)
    end
end
local restart = { batches = 3, batch_size = 9, checkpoint = "run.h5", resume = false }
print(train(fresh(), tasks.integrator(), restart).resumed)
