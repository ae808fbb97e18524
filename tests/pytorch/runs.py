"""Whole trainings in PyTorch, which the tests compare generated trainers with.

Each run is a network of `examples/networks` in double precision, with an optimizer of its own: 100 steps from the same
first values, on the same samples in the same order as the project's own trainer. Both come from the project's random
numbers, of which this script has its own implementation. What it finds goes into one JSON file per run, in `runs`:

    toml    the network, as it would be in a file
    losses  the mean loss of each batch, before its step
    final   for each parameter its sum, its sum of squares, and some of its values, evenly spread

To write them again, with Python 3.11 or newer and PyTorch: python tests/pytorch/runs.py

The files in the repository were made with torch 2.15.0. Another version may differ in the last digits.
"""

import itertools
import json
import math
import re
import tomllib

import torch
from figures import FOLDER, Network, cost, is_of_classes, optimizer, scheduled

EXAMPLES = FOLDER.parent.parent / "examples" / "networks"
NETWORKS = ["digits", "digits-textbook", "lenet5"]
OPTIMIZERS = {
    "sgd": '{ type = "sgd", learning_rate = 0.05, momentum = 0.9 }',
    "adam": '{ type = "adam", learning_rate = 0.002 }',
}
EPOCHS, BATCH, SAMPLES = 4, 4, 100
SEED = 0
DATA_SEED = 17
SHOWN = 50
MASK = 2**64 - 1


# Random numbers ------------------------------------------------------------------------------------------------------


class Rng:
    """xoshiro256++ (Blackman and Vigna, 2019), with a state from SplitMix64."""

    def __init__(self, seed):
        self.state = []
        for _ in range(4):
            seed = (seed + 0x9E3779B97F4A7C15) & MASK
            z = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9 & MASK
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
            self.state.append(z ^ (z >> 31))

    @classmethod
    def stream(cls, seed, number):
        return cls((cls(seed).bits() + number) & MASK)

    def bits(self):
        a, b, c, d = self.state
        turned = lambda x, by: (x << by | x >> (64 - by)) & MASK
        result = (turned((a + d) & MASK, 23) + a) & MASK
        shifted = b << 17 & MASK
        c, d = c ^ a, d ^ b
        b, a = b ^ c, a ^ d
        self.state = [a, b, c ^ shifted, turned(d, 45)]
        return result

    def uniform(self):
        return (self.bits() >> 11) / 2**53

    def below(self, end):
        """Canon's method: a second number where the first one's rounding is open."""
        high, low = divmod(self.bits() * end, 2**64)
        if low > 2**64 - end:
            high += low + (self.bits() * end >> 64) > MASK
        return high

    def shuffled(self, items):
        """Fisher and Yates."""
        items = list(items)
        for end in range(len(items), 1, -1):
            chosen = self.below(end)
            items[end - 1], items[chosen] = items[chosen], items[end - 1]
        return items


assert Rng.stream(7, 1).shuffled(range(10)) == [0, 9, 5, 3, 1, 8, 6, 2, 4, 7]


# The trainings -------------------------------------------------------------------------------------------------------


def text(name, rule):
    """The file of a network, with other settings."""
    toml = (EXAMPLES / f"{name}.toml").read_text()
    settings = {"optimizer": rule, "epochs": EPOCHS, "batch_size": BATCH, "seed": SEED}
    for key, value in settings.items():
        toml = re.sub(rf"^{key} = .*$", f"{key} = {value}", toml, flags=re.M)
    return toml.replace("[network]\n", '[network]\ndtype = "f64"\n')


def samples():
    """Bytes at random, brighter in the rows that tell the label."""
    rng = Rng(DATA_SEED)
    inputs, labels = [], []
    for index in range(SAMPLES):
        label = index % 10
        lift = [128 if row * 10 // 28 == label else 0 for row in range(28) for _ in range(28)]
        inputs.append([(rng.bits() >> 57) + extra for extra in lift])
        labels.append(label)
    return torch.tensor(inputs).double().reshape(-1, 1, 28, 28) / 255, torch.tensor(labels)


def initialize(network):
    """Uniform, with the bound of PyTorch's layers."""
    rng = Rng(SEED)
    for module in network.modules():
        if own := list(module.parameters(recurse=False)):
            bound = 1 / math.sqrt(module.weight[0].numel())
            for parameter in own:
                values = [(2 * rng.uniform() - 1) * bound for _ in range(parameter.numel())]
                parameter.data = torch.tensor(values).reshape(parameter.shape)


def shown(values):
    values = values.detach().flatten()
    chosen = values[:: max(1, len(values) // SHOWN)]
    return {"sum": values.sum().item(), "squares": values.square().sum().item(), "values": chosen.tolist()}


def run(toml):
    spec = tomllib.loads(toml)
    training = spec["training"]
    network = Network(spec)
    initialize(network)
    inputs, labels = samples()
    targets = labels
    if not is_of_classes(training["loss"]):
        targets = torch.nn.functional.one_hot(labels, 10).double()
    rule = optimizer(training["optimizer"], network.factors.items())
    schedule = training.get("schedule", "constant")
    per_step, per_epoch, _ = scheduled(schedule, rule, EPOCHS, SAMPLES // BATCH)
    losses = []
    for epoch in range(1, EPOCHS + 1):
        order = Rng.stream(SEED, epoch).shuffled(range(SAMPLES))
        for start in range(0, SAMPLES, BATCH):
            chosen = order[start : start + BATCH]
            outputs, logits = network(inputs[chosen])
            loss = cost(training["loss"], outputs, logits, targets[chosen])
            losses.append(loss.item())
            rule.zero_grad()
            loss.backward()
            rule.step()
            for each in per_step:
                each.step()
        for each in per_epoch:
            each.step()
    final = {name: shown(value) for name, value in network.named_parameters()}
    return {"toml": toml, "losses": losses, "final": final}


def main():
    torch.set_default_dtype(torch.float64)
    for name, (kind, rule) in itertools.product(NETWORKS, OPTIMIZERS.items()):
        record = run(text(name, rule))
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items()]
        path = FOLDER / "runs" / f"{name}_{kind}.json".replace("-", "_")
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
