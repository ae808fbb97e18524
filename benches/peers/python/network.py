"""The workloads as `benches/networks` has them."""

import math
import tomllib
from dataclasses import dataclass

import numpy as np

from protocol import POOL


@dataclass
class Conv:
    """Weight `[outputs, inputs, kernel, kernel]`."""

    inputs: int
    outputs: int
    kernel: int
    padding: int

    @property
    def shape(self):
        return (self.outputs, self.inputs, self.kernel, self.kernel)


@dataclass
class Pool:
    """The largest of `size` × `size` values."""

    size: int


@dataclass
class Dense:
    """Weight `[outputs, inputs]`; `maps` is the shape of the input before it was flattened."""

    inputs: int
    outputs: int
    maps: tuple
    relu: bool

    @property
    def shape(self):
        return (self.outputs, self.inputs)

    def channels_last(self, weight):
        """The weight for an input whose maps were flattened with the channels innermost."""
        if len(self.maps) == 1:
            return weight
        return weight.reshape(self.outputs, *self.maps).transpose(0, 2, 3, 1).reshape(self.shape)


class Network:
    """A workload: every convolution is followed by a ReLU, and every dense layer but the last."""

    def __init__(self, workload):
        with open(f"networks/{workload}.toml", "rb") as file:
            source = tomllib.load(file)
        self.input = tuple(source["network"]["input"])
        self.layers = []
        shape = self.input
        for layer in source["layer"]:
            if layer["type"] == "conv2d":
                channels, height, width = shape
                conv = Conv(channels, layer["out_channels"], layer["kernel_size"], layer["padding"])
                shrink = 2 * conv.padding - conv.kernel + 1
                shape = (conv.outputs, height + shrink, width + shrink)
                self.layers.append(conv)
            elif layer["type"] == "max_pool2d":
                channels, height, width = shape
                size = layer["kernel_size"]
                shape = (channels, height // size, width // size)
                self.layers.append(Pool(size))
            else:
                dense = Dense(math.prod(shape), layer["out_features"], shape, "activation" in layer)
                shape = (dense.outputs,)
                self.layers.append(dense)

    def weights(self):
        """First values as PyTorch draws them: weight and bias of every layer that learns."""
        rng = np.random.default_rng(1)
        for layer in self.layers:
            if not isinstance(layer, Pool):
                bound = 1 / math.sqrt(math.prod(layer.shape[1:]))
                weight, bias = (rng.uniform(-bound, bound, shape) for shape in (layer.shape, layer.outputs))
                yield weight.astype(np.float32), bias.astype(np.float32)

    @property
    def parameters(self):
        """How many values the network learns."""
        return sum(weight.size + bias.size for weight, bias in self.weights())

    def pixels(self):
        """Random samples `[sample, channel, row, column]`."""
        return np.random.default_rng(1).random((POOL, *self.input), dtype=np.float32)

    def labels(self):
        """The class of every sample."""
        return np.arange(POOL) % 10
