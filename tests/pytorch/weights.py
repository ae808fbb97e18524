"""Writes the weights file that the runtime's tests read: a small state dict, saved by safetensors itself.

    python tests/pytorch/weights.py

With a file name, checks instead that PyTorch reads this file as the same state dict:

    python tests/pytorch/weights.py weights.safetensors
"""

import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent


def module() -> torch.nn.Module:
    """Two inputs, three outputs; values that float32 holds exactly."""
    linear = torch.nn.Linear(2, 3)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[0.5, -1.25], [2.0, 3.5], [-0.0625, 1024.0]]))
        linear.bias.copy_(torch.tensor([1.0, -2.0, 0.1]))
    return torch.nn.ModuleDict({"dense1": linear})


def main() -> None:
    expected = module()
    if len(sys.argv) == 1:
        save_file(expected.state_dict(), HERE / "weights.safetensors")
        return
    found = module()
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.zero_()
    found.load_state_dict(load_file(sys.argv[1]))
    for name, tensor in expected.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor), name


if __name__ == "__main__":
    main()
