"""Generates torch_kit/* and torch_kit.h5: files as PyTorch, Lightning and safetensors write them, and the results that PyTorch
computes with them.

usage: python -P torch_kit.py (-P prevents the import of random.py from this folder). The files were generated with PyTorch
2.15, h5py and safetensors. torch_kit.h5 contains the inputs `x` [2, 6, 3] and, for each file, the outputs of the readout
(or of the top layer if there is no readout) as `NAME/outputs`, and for unidirectional networks the states as `NAME/states`:
for each layer h, followed by c for an LSTM.
"""

import argparse
import os
import sys
import types
import uuid
import zipfile

import h5py
import numpy
import torch
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(11)
I, N, O = 3, 5, 2
HERE = "torch_kit"
os.makedirs(HERE, exist_ok=True)
x = torch.randn(2, 6, I, dtype=torch.float64)
results = h5py.File("torch_kit.h5", "w")
results["x"] = x.numpy()
Kinds = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Net(nn.Module):
    def __init__(self, kind="rnn", readout=True, inputs=I, **options):
        super().__init__()
        self.rnn = Kinds[kind](inputs, N, batch_first=True, **options)
        if readout:
            width = N * (2 if options.get("bidirectional") else 1)
            self.readout = nn.Linear(width, O, bias=options.get("bias", True))


def path(name):
    return os.path.join(HERE, name)


def expect(name, rnn, readout=None, first=None):
    """Stores the results that PyTorch computes in f64 with the parameters of the file."""
    rnn = rnn.double()
    if first is not None:
        first = tuple(f.double() for f in first) if isinstance(first, tuple) else first.double()
    with torch.no_grad():
        expand_batch = lambda f: f.expand(-1, len(x), -1).contiguous()
        start = None if first is None else tuple(map(expand_batch, first)) if isinstance(first, tuple) else expand_batch(first)
        y, _ = rnn(x, start)
        results[f"{name}/outputs"] = (readout.double()(y) if readout is not None else y).numpy()
        if rnn.bidirectional:
            return
        states, state = [], start
        for t in range(x.shape[1]):
            _, state = rnn(x[:, t : t + 1], state)
            parts = [torch.stack(state, 1)] if isinstance(state, tuple) else [state[:, None]]
            states.append(parts[0].permute(2, 0, 1, 3).reshape(len(x), -1))
        results[f"{name}/states"] = torch.stack(states, 1).numpy()


def net_file(name, net, wrap=lambda state: state, **how):
    torch.save(wrap(net.state_dict()), path(name), **how)
    expect(name, net.rnn, getattr(net, "readout", None))


OLD = {"_use_new_zipfile_serialization": False}

# Networks.
net_file("rnn.pt", Net())
net_file("gru.pt", Net("gru"))
net_file("lstm.pt", Net("lstm"))
net_file("lstm_2layers.pt", Net("lstm", num_layers=2))
net_file("gru_bidirectional.pt", Net("gru", bidirectional=True))
net_file("rnn_nobias.pt", Net(bias=False))
net_file("rnn_bare.pt", Net(readout=False))
net_file("gru_f64.pt", Net("gru").double())
net_file("rnn_f64.pt", Net().double())
net_file("lstm_half.pt", Net("lstm").half())
net_file("rnn_brain.pt", Net().bfloat16())
net_file("rnn_parallel.pt", Net(), lambda state: {f"module.{k}": v for k, v in state.items()})
net_file("gru_compiled.pt", Net("gru"), lambda state: {f"_orig_mod.{k}": v for k, v in state.items()})
net_file("lstm_protocol5.pt", Net("lstm"), pickle_protocol=5)
lstm = nn.LSTM(I, N, batch_first=True)
torch.save(lstm.state_dict(), path("lstm_alone.pt"))
expect("lstm_alone.pt", lstm)
cell, gru = nn.GRUCell(I, N), nn.GRU(I, N, batch_first=True)
gru.load_state_dict({f"{k}_l0": v for k, v in cell.state_dict().items()})
torch.save(cell.state_dict(), path("gru_cell.pt"))
expect("gru_cell.pt", gru)

# The file format of PyTorch before 1.6.
net_file("old_rnn.pt", Net(), **OLD)
net_file("old_gru_2layers.pt", Net("gru", num_layers=2), **OLD)
net_file("old_lstm_f64.pt", Net("lstm").double(), **OLD)
net_file("old_half.pt", Net().half(), **OLD)
net_file("old_protocol4.pt", Net(), pickle_protocol=4, **OLD)


def trained(net):
    adam = torch.optim.Adam(net.parameters())
    net.rnn(torch.ones(1, 2, I))[0].sum().backward()
    adam.step()
    return adam.state_dict()


def loop(net, key):
    optimizer = trained(net)
    return lambda state: {"epoch": 3, key: state, "optimizer": optimizer, "loss": torch.tensor(0.25)}


net = Net("gru")
net_file("old_checkpoint.pt", net, loop(net, "model_state_dict"), **OLD)

# Checkpoints.
net = Net("lstm")
net_file("checkpoint.pt", net, loop(net, "model_state_dict"))
net = Net()
net_file("checkpoint_model.pt", net, loop(net, "model"))
facts = {
    "seed": 2**80,
    "below": -(2**70),
    "run": uuid.UUID(int=2**127 + 5),
    "generator": torch.Generator().manual_seed(3).get_state(),
    "history": numpy.arange(4.0),
    "numpy": numpy.random.RandomState(1).get_state(),
    "time": 1.5,
    "done": {1, 2},
}
net_file("checkpoint_facts.pt", Net(), lambda state: {"state_dict": state, **facts})
net_file("old_checkpoint_facts.pt", Net(), lambda state: {"state_dict": state, **facts}, **OLD)
options = argparse.Namespace(nonlinearity="relu", lr=1e-3)
net_file("checkpoint_args.pt", Net(nonlinearity="relu"), lambda state: {"model": state, "args": options})


def lightning(state, hyper):
    callback = "EarlyStopping{'monitor': 'loss', 'mode': 'min'}"
    return {
        "epoch": 9,
        "global_step": 90,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": {f"model.{k}": v for k, v in state.items()},
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 10}}}},
        "callbacks": {callback: {"wait_count": 0, "best_score": torch.tensor(0.1)}},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 0.1}]}],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": hyper,
    }


class AttributeDict(dict):
    pass


AttributeDict.__module__ = "pytorch_lightning.utilities.parsing"
for module in ("pytorch_lightning", "pytorch_lightning.utilities", "pytorch_lightning.utilities.parsing"):
    sys.modules[module] = types.ModuleType(module)
sys.modules["pytorch_lightning.utilities.parsing"].AttributeDict = AttributeDict

relu = {"units": N, "nonlinearity": "relu", "lr": 1e-3}
net_file("lightning_relu.ckpt", Net(nonlinearity="relu"), lambda state: lightning(state, relu))
net_file("lightning_tanh.ckpt", Net(), lambda state: lightning(state, {"activation": "Tanh"}))
nested = AttributeDict(model=AttributeDict(rnn_type="RNN_RELU", seed=2**90))
net_file("lightning_attributes.ckpt", Net(nonlinearity="relu"), lambda state: lightning(state, nested))
net_file("lightning_gru.ckpt", Net("gru"), lambda state: lightning(state, {"cell": "gru"}))
net_file("old_lightning.ckpt", Net(nonlinearity="relu"), lambda state: lightning(state, relu), **OLD)

# Entries that are not network parameters.
odd = {
    "mask": torch.tensor([True, False]),
    "small": torch.tensor([-3], dtype=torch.int8),
    "count": torch.tensor([7], dtype=torch.uint16),
    "steps": torch.tensor(12),
    "eight": torch.ones(4).to(torch.float8_e4m3fn),
    "spectrum": torch.ones(3, dtype=torch.complex64),
}
net_file("odd.pt", Net("gru"), lambda state: {**odd, **state})
net_file("old_odd.pt", Net(), lambda state: {**state, **{k: odd[k] for k in ("mask", "small", "steps", "spectrum")}}, **OLD)
net = Net("lstm")
save_file({**net.state_dict(), **odd}, path("odd.safetensors"))
expect("odd.safetensors", net.rnn, net.readout)

# Additional modules, some of which have the shape of a readout.
for name, before in (("embedding", nn.Embedding(9, N)), ("encoder", nn.Linear(N, N)), ("fc", nn.Linear(N, N))):
    net, behind = nn.GRU(I, N, batch_first=True), nn.Linear(N, O)
    state = {f"{name}.{k}": v for k, v in before.state_dict().items()}
    state |= {f"rnn.{k}": v for k, v in net.state_dict().items()}
    torch.save(state, path(f"{name}_alone.pt"))
    save_file(state, path(f"{name}_alone.safetensors"))
    state |= {f"last.{k}": v for k, v in behind.state_dict().items()}
    torch.save(state, path(f"{name}_before.pt"))
    for file in (f"{name}_alone.pt", f"{name}_alone.safetensors"):
        expect(file, net)
    expect(f"{name}_before.pt", net, behind)
net = Net("gru")
state = net.state_dict()
state = {k: state[k] for k in sorted(state)}  # the readout is made first
torch.save(state, path("readout_first.pt"))
expect("readout_first.pt", net.rnn, net.readout)
net, one, two = Net(readout=False), nn.Linear(N, O), nn.Linear(N, 4)
state = net.state_dict() | {f"{h}.{k}": v for h, m in (("one", one), ("two", two)) for k, v in m.state_dict().items()}
torch.save(state, path("two_heads.pt"))
expect("two_heads.pt", net.rnn, two)

# Learned initial states.
net = Net("gru")
first = torch.randn(1, 1, N)
torch.save({**net.state_dict(), "start": first}, path("start.pt"))
expect("start.pt", net.rnn, net.readout, first)
net = Net("lstm", num_layers=2)
first = torch.randn(2, 1, N), torch.randn(2, 1, N)
torch.save({**net.state_dict(), "h_init": first[0], "c_init": first[1]}, path("start_lstm.pt"))
expect("start_lstm.pt", net.rnn, net.readout, first)
torch.save({**net.float().state_dict(), "h0": first[0], "c0": first[1]}, path("h0_c0.pt"))
expect("h0_c0.pt", net.rnn, net.readout, first)

# Archives.
net_file("plain.pt", Net())
with zipfile.ZipFile(path("plain.pt")) as stored, zipfile.ZipFile(path("deflated.pt"), "w", zipfile.ZIP_DEFLATED) as packed:
    for name in stored.namelist():
        packed.writestr(name, stored.read(name))
results["deflated.pt"] = results["plain.pt"]
os.remove(path("plain.pt"))
with zipfile.ZipFile(path("rnn.pt")) as stored, zipfile.ZipFile(path("lzma.pt"), "w", zipfile.ZIP_LZMA) as packed:
    for name in stored.namelist():
        packed.writestr(name, stored.read(name))
torch.serialization.set_crc32_options(False)
net_file("no_crc.pt", Net("lstm"))
torch.serialization.set_crc32_options(True)

# Safetensors.
for name, net in (
    ("gru.safetensors", Net("gru")),
    ("lstm_bidirectional.safetensors", Net("lstm", bidirectional=True, num_layers=2)),
    ("rnn_half.safetensors", Net().bfloat16()),
):
    save_file(net.state_dict(), path(name), metadata={"format": "pt"})
    expect(name, net.rnn, net.readout)

# Files that do not contain a network.
sys.modules["nets"] = types.ModuleType("nets")
sys.modules["nets"].Net = Net
Net.__module__ = "nets"
torch.save(Net(), path("whole.pt"))
torch.save({"model": Net(), "epoch": 3}, path("whole_inside.pt"))
# The older format stores the source text and the path of each class: in the committed file these
# texts are overwritten with text of the same length.
torch.save(Net(), path("old_whole.pt"), **OLD)
torch.jit.script(nn.RNN(I, N)).save(path("script.pt"))
state = Net().state_dict()
state["rnn.weight_hh_l0"] = state["rnn.weight_hh_l0"].to(torch.float8_e4m3fn)
torch.save(state, path("eight_bits.pt"))
save_file(state, path("eight_bits.safetensors"))
state = Net().state_dict()
state["readout.weight"] = state["readout.weight"].to(torch.float8_e4m3fn)
torch.save(state, path("eight_bits_readout.pt"))
results.close()
