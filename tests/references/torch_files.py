"""Generates torch_*.pt and torch_*.safetensors (except torch_{rnn,gru,lstm}{1,2}, see torch.md).

usage: python -P torch_files.py (-P prevents the import of random.py from this folder). The files were generated with
PyTorch 2.15, NumPy 2 and safetensors on Linux.
"""

import torch
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(7)


class Net(nn.Module):
    def __init__(self, rnn, outputs, units):
        super().__init__()
        self.rnn = rnn
        self.readout = nn.Linear(units, outputs)


# Every dtype, and tensors with non-contiguous strides.
ramp = torch.arange(12, dtype=torch.float32)
kinds = {
    "half": torch.tensor([0.5, -2.0, 65504.0], dtype=torch.float16),
    "brain": torch.tensor([0.5, -2.0, 1e30], dtype=torch.bfloat16),
    "single": torch.tensor([[0.1, 0.2], [0.3, 0.4]]),
    "double": torch.tensor([0.1], dtype=torch.float64),
    "long": torch.tensor([-1, 2**40]),
    "int": torch.tensor([-5, 6], dtype=torch.int32),
    "short": torch.tensor([-300], dtype=torch.int16),
    "byte": torch.tensor([255], dtype=torch.uint8),
    "bool": torch.tensor([True, False]),
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 3),
    "turned": ramp.reshape(3, 4).t(),
    "strided": ramp.reshape(3, 4)[1:, ::2],
    "behind": ramp[5:],
    "parameter": nn.Parameter(torch.tensor([1.5])),
}
torch.save(kinds, "torch_kinds.pt")
for protocol in (3, 4, 5):
    torch.save({"x": torch.tensor([1.0, 2.0])}, f"torch_protocol{protocol}.pt", pickle_protocol=protocol)

# A checkpoint of a training loop; the network is wrapped in DataParallel.
net = Net(nn.LSTM(2, 3, num_layers=2, bidirectional=True), 2, 6)
adam = torch.optim.Adam(net.parameters())
net.readout(net.rnn(torch.ones(4, 1, 2))[0]).sum().backward()
adam.step()
state = {f"module.{name}": tensor for name, tensor in net.state_dict().items()}
torch.save(
    {"epoch": 3, "loss": torch.tensor(0.25), "model_state_dict": state, "optimizer_state_dict": adam.state_dict()},
    "torch_checkpoint.pt",
)
save_file(state, "torch_bidirectional.safetensors")

# A network without biases and without a readout.
gru = nn.GRU(2, 3, num_layers=2, bidirectional=True, bias=False, dtype=torch.float64)
torch.save(gru.state_dict(), "torch_unbiased.pt")

# Files that cannot be loaded.
torch.save(nn.Linear(2, 2), "torch_whole.pt")
torch.save(net.state_dict(), "torch_old.pt", _use_new_zipfile_serialization=False)
torch.jit.script(nn.Linear(2, 2)).save("torch_program.pt")
torch.save({"spread": torch.ones(1).expand(1000)}, "torch_spread.pt")
torch.save({"complex": torch.ones(2, dtype=torch.complex64)}, "torch_complex.pt")
torch.save({"epoch": 3, "note": "no weights"}, "torch_empty.pt")
torch.save(torch.ones(2), "torch_single.pt")
