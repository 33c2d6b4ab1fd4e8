//! A closure with the equations of a built-in cell defines the same network.

use attractor::api::context::Language;

use super::float_entries;

const RHAI: &str = r#"
fn max_difference(a, b) {
    let largest = 0.0;
    for name in a.keys() {
        let error = (a[name] - b[name]).abs().max().item();
        if !(error <= largest) { largest = error; }
    }
    largest
}
fn difference(a, b) { (a - b).abs().max().item() }
let options = #{ inputs: 1, units: 5, outputs: 1, dtype: "KIND", noise: 0.05, seed: 3 };
let a = CELL;
options.params = a.params();
options.step = STEP;
let b = rnn::custom(options);
let draw = |n, shape| random::normal(random::key(n), shape, #{ dtype: "KIND" });
let x = draw.call(1, [4, 6, 1]);
let h = draw.call(2, [4, 5]);
let y = draw.call(3, [4, 6, 1]);
let mask = (draw.call(4, [4, 6]) > 0.0);
let errors = #{};

let noisy = #{ noise: random::key(5), h0: h };
let runs = [a.run(x, noisy), b.run(x, noisy)];
errors.states = difference(runs[0].states, runs[1].states);
errors.outputs = difference(runs[0].outputs, runs[1].outputs);
errors.learned = difference(a.run(x).states, b.run(x).states);
let batch = #{ inputs: x, targets: y, mask: mask };
errors.loss = (a.loss(batch) - b.loss(batch)).abs();
let key = #{ noise: random::key(6) };
errors.noisy_loss = (a.loss(batch, key) - b.loss(batch, key)).abs();
let next = x.slice(1, 0, 1).squeeze(1);
errors.step = difference(a.step(h, next), b.step(h, next));
let jacobians = [a.jacobians(h, next), b.jacobians(h, next)];
errors.by_state = difference(jacobians[0].by_state, jacobians[1].by_state);
errors.by_input = difference(jacobians[0].by_input, jacobians[1].by_input);

let loss_of = |net, at| {
    let params = net.params();
    for name in at.params.keys() { params[name] = at.params[name]; }
    let run = net.run(at.x, #{ params: params, h0: at.h });
    (run.outputs - y).square().mean() + (run.states * run.states).mean()
};
let at = #{ params: a.params(), x: x, h: h };
let grad_a = grad(|at| loss_of.call(a, at), at);
let grad_b = grad(|at| loss_of.call(b, at), at);
errors.grad = max_difference(grad_a.params, grad_b.params);
errors.grad_x = difference(grad_a.x, grad_b.x);
errors.grad_h = difference(grad_a.h, grad_b.h);

let once = #{ batches: 1, batch_size: 16, optimizer: optim::sgd(#{ lr: 1.0 }) };
let task = tasks::decision(#{ steps: 8 });
let copies = [a.copy(), b.copy()];
for net in copies { train(net, task, once); }
errors.one_batch = max_difference(copies[0].params(), copies[1].params());
let often = #{
    batches: 20, batch_size: 16, clip_norm: 0.1, l2: 1e-3, log_every: 5, validation: task,
    optimizer: optim::adam(#{ lr: optim::exponential(0.01, 0.99) }) };
let fits = [train(a, task, often), train(b, task, often)];
errors.log = difference(fits[0].loss, fits[1].loss);
errors.trained = max_difference(a.params(), b.params());
errors
"#;

const LUA: &str = r#"
local function difference(a, b) return (a - b):abs():max():item() end
local function max_difference(a, b)
    local largest = 0.0
    for name, value in pairs(a) do
        local error = difference(value, b[name])
        if not (error <= largest) then largest = error end
    end
    return largest
end
local options = { inputs = 1, units = 5, outputs = 1, dtype = "KIND", noise = 0.05, seed = 3 }
local a = CELL
options.params = a:params()
options.step = STEP
local b = rnn.custom(options)
local function draw(n, shape) return random.normal(random.key(n), shape, { dtype = "KIND" }) end
local x, h, y = draw(1, {4, 6, 1}), draw(2, {4, 5}), draw(3, {4, 6, 1})
local mask = draw(4, {4, 6}):gt(0.0)
local errors = {}

local noisy = { noise = random.key(5), h0 = h }
local runs = { a:run(x, noisy), b:run(x, noisy) }
errors.states = difference(runs[1].states, runs[2].states)
errors.outputs = difference(runs[1].outputs, runs[2].outputs)
errors.learned = difference(a:run(x).states, b:run(x).states)
local batch = { inputs = x, targets = y, mask = mask }
errors.loss = math.abs(a:loss(batch) - b:loss(batch))
local key = { noise = random.key(6) }
errors.noisy_loss = math.abs(a:loss(batch, key) - b:loss(batch, key))
local next = x:slice(1, 0, 1):squeeze(1)
errors.step = difference(a:step(h, next), b:step(h, next))
local jacobians = { a:jacobians(h, next), b:jacobians(h, next) }
errors.by_state = difference(jacobians[1].by_state, jacobians[2].by_state)
errors.by_input = difference(jacobians[1].by_input, jacobians[2].by_input)

local function loss_of(net, at)
    local run = net:run(at.x, { params = at.params, h0 = at.h })
    return (run.outputs - y):square():mean() + (run.states * run.states):mean()
end
local at = { params = a:params(), x = x, h = h }
local grad_a = grad(function(at) return loss_of(a, at) end, at)
local grad_b = grad(function(at) return loss_of(b, at) end, at)
errors.grad = max_difference(grad_a.params, grad_b.params)
errors.grad_x = difference(grad_a.x, grad_b.x)
errors.grad_h = difference(grad_a.h, grad_b.h)

local once = { batches = 1, batch_size = 16, optimizer = optim.sgd({ lr = 1.0 }) }
local task = tasks.decision({ steps = 8 })
local copies = { a:copy(), b:copy() }
for _, net in ipairs(copies) do train(net, task, once) end
errors.one_batch = max_difference(copies[1]:params(), copies[2]:params())
local often = {
    batches = 20, batch_size = 16, clip_norm = 0.1, l2 = 1e-3, log_every = 5, validation = task,
    optimizer = optim.adam({ lr = optim.exponential(0.01, 0.99) }) }
local fits = { train(a, task, often), train(b, task, often) }
errors.log = difference(fits[1].loss, fits[2].loss)
errors.trained = max_difference(a:params(), b:params())
return errors
"#;

/// The constructor and the step of each cell, in Rhai, then in Lua.
const CELLS: [[&str; 4]; 2] = [
    [
        "rnn::vanilla(options)",
        "|h, x, p| (x.matmul(p.wI.transpose()) + h.matmul(p.wR.transpose()) + p.bR).tanh()",
        "rnn.vanilla(options)",
        "function(h, x, p)
            return (x:matmul(p.wI:transpose()) + h:matmul(p.wR:transpose()) + p.bR):tanh()
        end",
    ],
    [
        "rnn::gru(options)",
        "|h, x, p| {
            let gates = cat([h, x], 1).matmul(p.wRUHX.transpose()) + p.bRU;
            let r = gates.slice(1, 0, 5).sigmoid();
            let u = (gates.slice(1, 5, 10) + 0.5).sigmoid();
            let c = (cat([r * h, x], 1).matmul(p.wCHX.transpose()) + p.bC).tanh();
            u * h + (1.0 - u) * c
        }",
        "rnn.gru(options)",
        "function(h, x, p)
            local gates = cat({h, x}, 1):matmul(p.wRUHX:transpose()) + p.bRU
            local r = gates:slice(1, 0, 5):sigmoid()
            local u = (gates:slice(1, 5, 10) + 0.5):sigmoid()
            local c = (cat({r * h, x}, 1):matmul(p.wCHX:transpose()) + p.bC):tanh()
            return u * h + (1.0 - u) * c
        end",
    ],
];

/// Tolerance for values of order one; training accumulates the differences over 20 batches.
fn tolerance(dtype: &str, name: &str) -> f64 {
    match (dtype, name) {
        ("f32", "trained") => 1e-5,
        ("f32", _) => 1e-6,
        (_, "trained") => 1e-10,
        _ => 1e-12,
    }
}

#[test]
fn a_closure_with_the_equations_of_a_built_in_cell_defines_the_same_network() {
    for [rhai_cell, rhai_step, lua_cell, lua_step] in CELLS {
        let variants = [
            (Language::Rhai, RHAI, rhai_cell, rhai_step),
            (Language::Lua, LUA, lua_cell, lua_step),
        ];
        for ((language, text, cell, step), dtype) in variants
            .into_iter()
            .flat_map(|text| ["f32", "f64"].map(|dtype| (text, dtype)))
        {
            let text = text.replace("KIND", dtype);
            let text = text.replace("CELL", cell).replace("STEP", step);
            let actual = float_entries(&text, language);
            let lines = actual.iter().map(|(name, x)| format!("{name} {x:.0e}"));
            println!("{cell} {dtype}: {}", lines.collect::<Vec<_>>().join(", "));
            assert_eq!(actual.len(), 14, "{cell} {dtype}");
            for (name, difference) in actual {
                assert!(
                    difference <= tolerance(dtype, &name),
                    "{cell} {dtype}: {name} {difference:e}"
                );
            }
        }
    }
}
