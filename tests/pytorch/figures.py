"""Figures from PyTorch that the tests compare everything with.

Each case below is a network in the project's own language. This script builds the same network from PyTorch's
modules in double precision, runs three training steps, and writes what it finds into one JSON file per case, beside
itself:

    toml             the network, as it would be in a file
    parameters       first values, flat, by name
    inputs           the batch, one flat list per sample
    labels, targets  what the loss compares the outputs with: one of the two
    outputs          what the network puts out for each sample, in inference
    loss             the cost of the batch: the weighted sum where several outputs are judged
    masks            for each dropout, which values it keeps of each sample; where there are dropouts
    gradients        of the cost with respect to each parameter
    input_gradients  of the cost with respect to each sample's input
    steps            the parameters and running averages after one, two and three steps on this batch, or their running average where there
                     is one; each step is an epoch of its own

`initialization.json` holds the distributions that PyTorch's initialisers draw from, and `schedules.json` the learning
rates of each schedule from step to step.

To write them again, with Python 3.11 or newer and PyTorch:

    python tests/pytorch/figures.py         all of them
    python tests/pytorch/figures.py add     those of the cases that are named

The files in the repository were made with torch 2.15.0. Another version may differ in the last digits.
"""

import itertools
import json
import math
import sys
import tomllib
from collections import Counter
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F
from torch import nn

FOLDER = Path(__file__).parent
BATCH = 3
STEPS = 3

# How far a ReLU's input stays from zero, and the largest value of a pooling window from the second largest, so that
# finite differences meet no kink.
MARGIN = 1e-3


# The language in PyTorch's modules -----------------------------------------------------------------------------------


def convolution(base):
    """PyTorch's, with a bias for each output position and the kernel turned by 180° as options."""

    class Convolution(base):
        def __init__(self, shape, bias="channel", mode="cross_correlation", **settings):
            super().__init__(shape[0], bias=bias in ("channel", True), **settings)
            self.turned = mode == "convolution"
            if bias == "position":
                output = super().forward(torch.zeros(1, *shape)).shape[1:]
                bound = 1 / math.sqrt(self.weight[0].numel())
                self.bias = nn.Parameter(torch.empty(output).uniform_(-bound, bound))

        def forward(self, x):
            weight = self.weight.flip(*range(2, self.weight.dim())) if self.turned else self.weight
            if self.bias is not None and self.bias.dim() > 1:
                return self._conv_forward(x, weight, None) + self.bias
            return self._conv_forward(x, weight, self.bias)

    return Convolution


Conv1d, Conv2d = convolution(nn.Conv1d), convolution(nn.Conv2d)


class Dense(nn.Linear):
    """PyTorch's, over all values whatever their shape."""

    def __init__(self, shape, out_features, in_features=None, bias=True):
        super().__init__(math.prod(shape), out_features, bias=bias)
        assert in_features in (None, self.in_features)

    def forward(self, x):
        return super().forward(x.flatten(1))


def kinked(base, *kinks):
    """A function that notes how near its input comes to where its derivative jumps."""

    class Kinked(base):
        def forward(self, x):
            self.margin = min((x - kink).abs().min().item() for kink in kinks)
            return super().forward(x)

    return Kinked


class HardSigmoid(nn.Module):
    """By its definition: the derivative of PyTorch's own has a sixth in single precision."""

    def forward(self, x):
        return F.relu6(x + 3) / 6


class Softplus(nn.Softplus):
    def forward(self, x):
        self.margin = (self.beta * x - self.threshold).abs().min().item()
        return super().forward(x)


class PRelu(kinked(nn.PReLU, 0.0)):
    """With slopes that differ."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.weight.data += torch.rand_like(self.weight) / 10


class LayerNorm(nn.LayerNorm):
    """With first values that show."""

    def __init__(self, shape, normalized_shape=None, epsilon=1e-5, **settings):
        super().__init__(normalized_shape or shape, eps=epsilon, **settings)
        for parameter in self.parameters():
            parameter.data += torch.rand_like(parameter) - 0.5


class BatchNorm:
    """With first values that show."""

    def __init__(self, shape, epsilon=1e-5, **settings):
        super().__init__(shape[0], eps=epsilon, **settings)
        for parameter in self.parameters():
            parameter.data += torch.rand_like(parameter) - 0.5
        self.running_mean += torch.rand_like(self.running_mean) - 0.5
        self.running_var += torch.rand_like(self.running_var) - 0.5


class BatchNorm1d(BatchNorm, nn.BatchNorm1d):
    pass


class BatchNorm2d(BatchNorm, nn.BatchNorm2d):
    pass


def mixed(state):
    """SplitMix64."""
    z = (state + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


def hashed(x):
    """lowbias32."""
    x = (x ^ x >> 16) * 0x7FEB352D % 2**32
    x = (x ^ x >> 15) * 0x846CA68B % 2**32
    return x ^ x >> 16


class Dropout(nn.Module):
    """PyTorch's, with the project's masks; the layer's number in the network is set from outside."""

    def __init__(self, shape, of_maps=False, p=0.5):
        super().__init__()
        self.shape, self.of_maps, self.p, self.number = shape, of_maps, p, 0

    def mask(self, sample, key=0):
        key = mixed(mixed(key + mixed(sample)) + self.number)
        start, spread = key % 2**32, key >> 32
        count = self.shape[0] if self.of_maps else math.prod(self.shape)
        kept = [hashed((index + start) % 2**32) ^ spread >= int(self.p * (2**32 - 1)) for index in range(count)]
        mask = torch.tensor(kept)
        return mask[:, None, None].expand(self.shape) if self.of_maps else mask.reshape(self.shape)

    def forward(self, x):
        if not self.training:
            return x
        masks = torch.stack([self.mask(sample) for sample in range(len(x))])
        return x * masks / (1 - self.p)


class MaxPool2d(nn.MaxPool2d):
    def forward(self, x):
        (left, top), size = pair(self.padding)[::-1], pair(self.kernel_size)
        padded = F.pad(x, (left, left, top, top), value=-math.inf)
        windows = padded.unfold(2, size[0], pair(self.stride)[0]).unfold(3, size[1], pair(self.stride)[1])
        self.margin = lead(windows.flatten(4))
        return super().forward(x)


class MaxPool1d(nn.MaxPool1d):
    def forward(self, x):
        padded = F.pad(x, (self.padding, self.padding), value=-math.inf)
        self.margin = lead(padded.unfold(2, self.kernel_size, self.stride))
        return super().forward(x)


class GlobalMaxPool(nn.Module):
    def forward(self, x):
        self.margin = lead(x.flatten(2))
        return x.flatten(2).max(2).values


class GlobalAvgPool(nn.Module):
    def forward(self, x):
        return x.flatten(2).mean(2)


def lead(windows):
    """By how much the largest value of each window is ahead of the second."""
    best, second = windows.topk(2).values.unbind(-1)
    # A dead ReLU may fill a window with zeros; then every choice gives the same gradient.
    return torch.where(best != 0, best - second, math.inf).min().item()


class Reshape(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(-1, *self.shape)


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


ACTIVATIONS = {
    "relu": kinked(nn.ReLU, 0.0),
    "leaky_relu": kinked(nn.LeakyReLU, 0.0),
    "relu6": kinked(nn.ReLU6, 0.0, 6.0),
    "elu": kinked(nn.ELU, 0.0),
    "selu": kinked(nn.SELU, 0.0),
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": Softplus,
    "sigmoid": nn.Sigmoid,
    "hard_sigmoid": kinked(HardSigmoid, -3.0, 3.0),
    "hard_swish": kinked(nn.Hardswish, -3.0, 3.0),
    "tanh": nn.Tanh,
    "prelu": PRelu,
}


def activation(setting):
    """The module of `"relu"` or `{ type = "leaky_relu", negative_slope = 0.1 }`."""
    settings = {"type": setting} if isinstance(setting, str) else dict(setting)
    return ACTIVATIONS[settings.pop("type")](**settings)


def layer(kind, shape, settings):
    """The stem of a layer's default name, and its module."""
    match kind:
        case "conv2d":
            return "conv", Conv2d(shape, **settings)
        case "conv1d":
            return "conv", Conv1d(shape, **settings)
        case "conv_transpose2d":
            return "conv", nn.ConvTranspose2d(shape[0], **settings)
        case "dense":
            return "dense", Dense(shape, **settings)
        case "max_pool2d":
            return "pool", MaxPool2d(**settings)
        case "max_pool1d":
            return "pool", MaxPool1d(**settings)
        case "avg_pool2d":
            return "pool", nn.AvgPool2d(**settings)
        case "avg_pool1d":
            return "pool", nn.AvgPool1d(**settings)
        case "global_avg_pool2d" | "global_avg_pool1d":
            return "pool", GlobalAvgPool()
        case "global_max_pool2d" | "global_max_pool1d":
            return "pool", GlobalMaxPool()
        case "adaptive_avg_pool2d":
            return "pool", nn.AdaptiveAvgPool2d(**settings)
        case "upsample2d":
            return "upsample", nn.Upsample(scale_factor=pair(settings["scale_factor"]))
        case "zero_pad2d":
            return "pad", nn.ZeroPad2d(**settings)
        case "reshape":
            return "reshape", Reshape(**settings)
        case "channel_shuffle":
            return "shuffle", nn.ChannelShuffle(**settings)
        case "layer_norm":
            return "norm", LayerNorm(shape, **settings)
        case "batch_norm2d":
            return "norm", BatchNorm2d(shape, **settings)
        case "batch_norm1d":
            return "norm", BatchNorm1d(shape, **settings)
        case "dropout" | "dropout2d":
            return "dropout", Dropout(shape, kind == "dropout2d", **settings)
        case "flatten":
            return "flatten", nn.Flatten()
        case "softmax":
            return "softmax", nn.Softmax(dim=1)
        case "log_softmax":
            return "log_softmax", nn.LogSoftmax(dim=1)
        case "add":
            return "add", Add()
        case "concat":
            return "concat", Concat()
        case _:
            return kind, activation({"type": kind} | settings)


class Add(nn.Module):
    def forward(self, *inputs):
        return sum(inputs)


class Concat(nn.Module):
    def forward(self, *inputs):
        return torch.cat(inputs, dim=1)


class Network(nn.Module):
    """The modules of a file in the project's language, named as there."""

    def __init__(self, spec):
        super().__init__()
        values = {"input": torch.zeros(1, *spec["network"]["input"])}
        counts = Counter()
        self.path = []
        before = "input"
        self.factors = {}
        for settings in map(dict, spec["layer"]):
            kind, after = settings.pop("type"), settings.pop("activation", None)
            factor, frozen = settings.pop("learning_rate_factor", 1.0), settings.pop("frozen", False)
            name, inputs = settings.pop("name", None), settings.pop("inputs", [settings.pop("input", before)])
            stem, module = layer(kind, values[inputs[0]].shape[1:], settings)
            counts[stem] += 1
            before = name or f"{stem}{counts[stem]}"
            self.add_module(before, module)
            module.number = len(self.path)
            values[before] = module.eval()(*(values[name] for name in inputs))
            self.path.append((module, inputs, before))
            module.requires_grad_(not frozen)
            self.factors |= {parameter: factor for parameter in module.parameters() if not frozen}
            if after is not None:
                stem, module = after if isinstance(after, str) else after["type"], activation(after)
                counts[stem] += 1
                self.add_module(f"{stem}{counts[stem]}", module)
                self.path.append((module, [before], before))
        self.train()

    def outputs(self, x):
        """What each layer puts out after its activation, and its logits: the same without a softmax or sigmoid."""
        values, outputs = {"input": x}, {}
        for module, inputs, name in self.path:
            before = values[inputs[0]]
            x = values[name] = module(*(values[name] for name in inputs))
            outputs[name] = x, before if isinstance(module, (nn.Softmax, nn.Sigmoid)) else x
        return outputs

    def forward(self, x):
        """What the network puts out."""
        *_, (output, _) = self.outputs(x).values()
        return output

    def masks(self, count):
        """What the dropouts keep of so many samples."""
        dropouts = {name: module for name, module in self.named_children() if isinstance(module, Dropout)}
        kept = {name: [flat(module.mask(sample)) for sample in range(count)] for name, module in dropouts.items()}
        return {"masks": kept} if kept else {}

    def margin(self):
        """The distance of the last pass from the nearest kink."""
        return min((getattr(module, "margin", math.inf) for module, *_ in self.path), default=math.inf)


def log_likelihood(log_probabilities, labels, weight=None, label_smoothing=0.0):
    """What `F.cross_entropy` makes of log-probabilities; `F.nll_loss` has no label smoothing of its own."""
    weight = torch.ones(log_probabilities.shape[1]) if weight is None else weight
    likely = F.nll_loss(log_probabilities, labels, weight)
    even = -(log_probabilities * weight).mean(1).sum() / weight[labels].sum()
    return (1 - label_smoothing) * likely + label_smoothing * even


def cost(loss, outputs, logits, targets):
    """The mean over the batch."""
    settings = {"type": loss} if isinstance(loss, str) else dict(loss)
    kind = settings.pop("type")
    settings = {key: torch.tensor(value) if "weight" in key else value for key, value in settings.items()}
    match kind:
        case "softmax_cross_entropy":
            return F.cross_entropy(logits, targets, **settings)
        case "nll":
            return log_likelihood(outputs, targets, **settings)
        case "binary_cross_entropy":
            return F.binary_cross_entropy_with_logits(logits, targets, **settings)
        case "l1":
            return F.l1_loss(outputs, targets)
        case "smooth_l1":
            return F.smooth_l1_loss(outputs, targets, **settings)
        case "huber":
            return F.huber_loss(outputs, targets, **settings)
        case "mse":
            return F.mse_loss(outputs, targets)
        case "quadratic":
            return ((outputs - targets) ** 2).sum() / (2 * len(outputs))


def losses(training, network):
    """The losses: those of several outputs, or that of the last layer."""
    if "losses" in training:
        return training["losses"]
    *_, (_, _, last) = network.path
    return [{"output": last, "loss": training["loss"]}]


def total(training, network, inputs, targets):
    """The weighted sum of the losses."""
    outputs, whole = network.outputs(inputs), 0
    for judge in losses(training, network):
        output, logits = outputs[judge["output"]]
        is_itself = judge.get("target") == "input"
        target = inputs.detach().reshape(output.shape) if is_itself else targets
        whole += judge.get("weight", 1.0) * cost(judge["loss"], output, logits, target)
    return whole


class Lion(torch.optim.Optimizer):
    """Chen et al., Symbolic Discovery of Optimization Algorithms, 2023, algorithm 2."""

    def __init__(self, parameters, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                momentum = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter))
                first, second = group["betas"]
                direction = (first * momentum + (1 - first) * parameter.grad).sign()
                parameter -= group["lr"] * (direction + group["weight_decay"] * parameter)
                momentum.mul_(second).add_(parameter.grad, alpha=1 - second)


class Muon(torch.optim.Optimizer):
    """PyTorch's for matrices, where a convolution's kernels have a row for each output channel; AdamW for the rest.

    PyTorch's iteration rounds to bfloat16; here it keeps double precision.
    """

    def __init__(self, parameters, adamw=None, adjust_learning_rate=None, **settings):
        groups = list(parameters)
        super().__init__(groups, {"lr": settings["lr"]})
        self.ratio = settings_of(adamw or {}).get("lr", 1e-3) / settings["lr"]
        of_rank = lambda choose: [p for group in self.param_groups for p in group["params"] if choose(p.dim())]
        self.matrices = [(p, nn.Parameter(p.data.flatten(1))) for p in of_rank(lambda rank: rank > 1)]
        self.muon = torch.optim.Muon(
            [{"params": [flat]} for _, flat in self.matrices], adjust_lr_fn=adjust_learning_rate, **settings
        )
        self.adamw = torch.optim.AdamW([{"params": [p]} for p in of_rank(lambda rank: rank == 1)], **settings_of(adamw or {}))

    def step(self):
        rates = {id(p): group["lr"] for group in self.param_groups for p in group["params"]}
        for (parameter, flat), group in zip(self.matrices, self.muon.param_groups, strict=True):
            flat.grad, group["lr"] = parameter.grad.flatten(1), rates[id(parameter)]
        for group in self.adamw.param_groups:
            group["lr"] = rates[id(group["params"][0])] * self.ratio
        with mock.patch.object(torch, "bfloat16", torch.float64):
            self.muon.step()
        self.adamw.step()


def settings_of(table):
    names = {"learning_rate": "lr", "learning_rate_decay": "lr_decay", "epsilon": "eps"}
    return {names.get(key, key): value for key, value in table.items()}


def optimizer(setting, groups):
    """A rule for parameters, each with what its learning rate is multiplied by."""
    settings = settings_of(setting)
    kinds = {
        "sgd": torch.optim.SGD,
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "nadam": torch.optim.NAdam,
        "rmsprop": torch.optim.RMSprop,
        "adagrad": torch.optim.Adagrad,
        "lion": Lion,
        "muon": Muon,
    }
    kind = kinds[settings.pop("type")]
    rate = settings["lr"]
    return kind([{"params": [parameter], "lr": factor * rate} for parameter, factor in groups], **settings)


def scheduled(schedule, rule, epochs, steps):
    """PyTorch's schedulers: those that go on after every step, those after every epoch, and one that hears the loss."""
    schedules = torch.optim.lr_scheduler
    settings = {"type": schedule} if isinstance(schedule, str) else dict(schedule)
    kind, warmup = settings.pop("type"), settings.pop("warmup", None)
    per_step, per_epoch, of_loss = [], [], []
    match kind:
        case "step":
            per_epoch.append(schedules.StepLR(rule, **settings))
        case "multi_step":
            per_epoch.append(schedules.MultiStepLR(rule, **settings))
        case "exponential":
            per_epoch.append(schedules.ExponentialLR(rule, **settings))
        case "cosine":
            t_max = settings.pop("t_max", epochs)
            per_epoch.append(schedules.CosineAnnealingLR(rule, t_max, **settings))
        case "polynomial":
            total = settings.pop("total_iters", epochs)
            per_epoch.append(schedules.PolynomialLR(rule, total, **settings))
        case "one_cycle":
            rates = [group["lr"] for group in rule.param_groups]
            cycle = {"total_steps": epochs * steps, "cycle_momentum": False}
            per_step.append(schedules.OneCycleLR(rule, rates, **cycle, **settings))
        case "reduce_on_plateau":
            of_loss.append(schedules.ReduceLROnPlateau(rule, **settings))
    if warmup is not None:
        factor = warmup.get("start_factor", 1 / 3)
        per_step.append(schedules.LinearLR(rule, start_factor=factor, total_iters=warmup["steps"]))
    return per_step, per_epoch, of_loss


# The cases -----------------------------------------------------------------------------------------------------------

MAPS = [2, 7, 6]
SEQUENCE = [3, 9]
SGD = 'optimizer = { type = "sgd", learning_rate = 0.1 }'


def toml(input, layers, loss="mse", optimizer=SGD, schedule="constant", batch=BATCH, more=()):
    """A file in the project's language; each layer is given by its lines."""
    lines = ["[network]", 'name = "Case"', f"input = {input}", 'dtype = "f64"', ""]
    for text in layers:
        lines += ["[[layer]]", *(line.strip() for line in text.split(";")), ""]
    several = [] if isinstance(loss, str) else loss
    loss = [] if several else [f"loss = {loss}" if loss.startswith("{") else f'loss = "{loss}"']
    schedule = schedule if schedule.startswith("{") else f'"{schedule}"'
    lines += ["[training]", *loss, optimizer, f"schedule = {schedule}", *more]
    lines += [f"epochs = {STEPS}", f"batch_size = {batch}", "seed = 0", ""]
    for text in several:
        lines += ["[[training.losses]]", *(line.strip() for line in text.split(";")), ""]
    return "\n".join(lines)


def conv(settings):
    return [f'type = "conv2d"; {settings}']


def pooled(settings):
    return [settings, 'type = "dense"; out_features = 3']


def activated(settings, loss="mse"):
    return toml([6], [
        f'type = "dense"; out_features = 5; activation = {settings}',
        'type = "dense"; out_features = 3',
    ], loss=loss)


def stretched(settings):
    """An activation of values on both sides of where it bends."""
    layers = ['type = "conv2d"; out_channels = 2; kernel_size = 3', settings, 'type = "dense"; out_features = 2']
    return toml(MAPS, layers)


def judged(loss, after=""):
    return toml([5], ['type = "dense"; out_features = 4' + after], loss=loss)


def trained(optimizer, schedule="constant", more=(), keys=("", "")):
    layers = ['type = "dense"; out_features = 4; activation = "tanh"', 'type = "dense"; out_features = 3']
    layers = [layer + key for layer, key in zip(layers, keys, strict=True)]
    optimizer = f"optimizer = {{ {optimizer} }}"
    return toml([5], layers, loss="softmax_cross_entropy", optimizer=optimizer, schedule=schedule, more=more)


def convolved(optimizer):
    """Convolutions before a dense layer: matrices of other shapes."""
    layers = [
        'type = "conv2d"; out_channels = 3; kernel_size = 3; activation = "tanh"',
        'type = "conv2d"; out_channels = 12; kernel_size = 2; stride = 2; groups = 3; activation = "tanh"',
        'type = "dense"; out_features = 3',
    ]
    return toml([1, 6, 6], layers, loss="softmax_cross_entropy", optimizer=f"optimizer = {{ {optimizer} }}")


# Activations, fed with values on both sides of where they bend.
STRETCHED = {
    "relu6": 'type = "relu6"',
    "elu": 'type = "elu"',
    "elu_alpha": 'type = "elu"; alpha = 0.5',
    "selu": 'type = "selu"',
    "gelu": 'type = "gelu"',
    "gelu_tanh": 'type = "gelu"; approximate = "tanh"',
    "silu": 'type = "silu"',
    "softplus": 'type = "softplus"',
    "softplus_everything": 'type = "softplus"; beta = 2.0; threshold = 1.5',
    "hard_sigmoid": 'type = "hard_sigmoid"',
    "hard_swish": 'type = "hard_swish"',
    "prelu": 'type = "prelu"',
    "prelu_of_channels": 'type = "prelu"; num_parameters = 2; init = 0.5',
}

CASES = {
    # Convolutions.
    "conv2d": toml(MAPS, conv("out_channels = 3; kernel_size = 3")),
    "conv2d_pairs": toml(
        MAPS, conv("out_channels = 2; kernel_size = [3, 2]; stride = [2, 1]; padding = [0, 1]; dilation = [1, 2]")
    ),
    "conv2d_stride": toml(MAPS, conv("out_channels = 2; kernel_size = 3; stride = 2")),
    "conv2d_padding": toml(MAPS, conv("out_channels = 2; kernel_size = 3; padding = 1")),
    "conv2d_stride_padding": toml(MAPS, conv("out_channels = 2; kernel_size = 4; stride = 3; padding = 2")),
    "conv2d_valid": toml(MAPS, conv('out_channels = 2; kernel_size = 3; padding = "valid"')),
    "conv2d_same_odd": toml(MAPS, conv('out_channels = 2; kernel_size = 3; padding = "same"')),
    "conv2d_same_even": toml(MAPS, conv('out_channels = 2; kernel_size = [4, 2]; padding = "same"')),
    "conv2d_same_dilation": toml(MAPS, conv('out_channels = 2; kernel_size = [2, 3]; padding = "same"; dilation = 3')),
    "conv2d_dilation": toml(MAPS, conv("out_channels = 2; kernel_size = 3; dilation = 2")),
    "conv2d_groups": toml([4, 5, 6], conv("out_channels = 6; kernel_size = 3; groups = 2")),
    "conv2d_depthwise": toml([3, 5, 6], conv("out_channels = 3; kernel_size = 3; groups = 3; padding = 1")),
    "conv2d_depthwise_multiplier": toml([3, 5, 6], conv("out_channels = 6; kernel_size = 2; groups = 3; stride = 2")),
    "conv2d_bias_none": toml(MAPS, conv("out_channels = 2; kernel_size = 3; bias = false")),
    "conv2d_bias_position": toml(
        MAPS, conv('out_channels = 2; kernel_size = 3; stride = 2; padding = 1; bias = "position"')
    ),
    "conv2d_convolution": toml(MAPS, conv('out_channels = 2; kernel_size = [3, 2]; mode = "convolution"')),
    "conv2d_convolution_everything": toml(
        [4, 7, 6],
        conv(
            'out_channels = 4; kernel_size = [2, 3]; mode = "convolution"; stride = [2, 1]; padding = 1; '
            'dilation = [3, 2]; groups = 2; bias = "position"'
        ),
    ),
    "conv2d_twice": toml(
        MAPS,
        [
            'type = "conv2d"; out_channels = 3; kernel_size = 3; activation = "tanh"',
            'type = "conv2d"; out_channels = 2; kernel_size = 2; stride = 2; name = "second"',
        ],
        loss="quadratic",
    ),
    # Pooling.
    "max_pool2d": toml(MAPS, pooled('type = "max_pool2d"; kernel_size = 2')),
    "max_pool2d_overlapping": toml(MAPS, pooled('type = "max_pool2d"; kernel_size = 3; stride = 2')),
    "max_pool2d_padding": toml(
        MAPS, pooled('type = "max_pool2d"; kernel_size = [3, 2]; stride = [2, 1]; padding = [1, 1]')
    ),
    "max_pool2d_gaps": toml(MAPS, pooled('type = "max_pool2d"; kernel_size = 2; stride = 3')),
    "avg_pool2d": toml(MAPS, pooled('type = "avg_pool2d"; kernel_size = 2')),
    "avg_pool2d_overlapping": toml(MAPS, pooled('type = "avg_pool2d"; kernel_size = [3, 2]; stride = [2, 1]')),
    "avg_pool2d_padding": toml(MAPS, pooled('type = "avg_pool2d"; kernel_size = 3; stride = 2; padding = 1')),
    # Dense, flatten, softmax.
    "dense": toml([5], ['type = "dense"; out_features = 3; in_features = 5']),
    "dense_bias_none": toml([5], ['type = "dense"; out_features = 3; bias = false']),
    "dense_after_maps": toml(MAPS, ['type = "dense"; out_features = 3; in_features = 84']),
    "flatten": toml(
        MAPS,
        [
            'type = "conv2d"; out_channels = 2; kernel_size = 3',
            'type = "flatten"',
            'type = "sigmoid"',
            'type = "dense"; out_features = 3',
        ],
    ),
    "softmax_mse": toml([5], ['type = "dense"; out_features = 4', 'type = "softmax"']),
    "softmax_quadratic": toml([5], ['type = "dense"; out_features = 4', 'type = "softmax"'], loss="quadratic"),
    "softmax_cross_entropy_with_softmax": toml(
        [5], ['type = "dense"; out_features = 4', 'type = "softmax"'], loss="softmax_cross_entropy"
    ),
    # Activations, as a key and as a layer.
    "relu": activated('"relu"'),
    "leaky_relu": activated('"leaky_relu"'),
    "leaky_relu_slope": activated('{ type = "leaky_relu", negative_slope = 0.2 }'),
    "sigmoid": activated('"sigmoid"', loss="quadratic"),
    "tanh": activated('"tanh"'),
    **{
        f"{kind}_layer": toml(MAPS, conv("out_channels = 2; kernel_size = 3") + [f'type = "{kind}"'])
        for kind in ["relu", "sigmoid", "tanh"]
    },
    "leaky_relu_layer": toml(
        MAPS, conv("out_channels = 2; kernel_size = 3") + ['type = "leaky_relu"; negative_slope = 0.3']
    ),
    # Sequences.
    "conv1d": toml(SEQUENCE, ['type = "conv1d"; out_channels = 2; kernel_size = 3']),
    "conv1d_valid": toml(SEQUENCE, ['type = "conv1d"; out_channels = 2; kernel_size = 3; padding = "valid"']),
    "conv1d_everything": toml(
        [4, 9],
        [
            'type = "conv1d"; out_channels = 6; kernel_size = 3; stride = 2; padding = 2; dilation = 2; groups = 2; '
            'bias = "position"; mode = "convolution"; activation = "tanh"',
            'type = "dense"; out_features = 2',
        ],
    ),
    "conv1d_same": toml(SEQUENCE, ['type = "conv1d"; out_channels = 2; kernel_size = 4; padding = "same"; bias = false']),
    "conv1d_twice": toml(
        SEQUENCE,
        [
            'type = "conv1d"; out_channels = 4; kernel_size = 3; activation = "tanh"',
            'type = "max_pool1d"; kernel_size = 2',
            'type = "conv1d"; out_channels = 4; kernel_size = 2; groups = 4; activation = "tanh"',
            'type = "flatten"',
            'type = "sigmoid"',
            'type = "dense"; out_features = 2',
        ],
    ),
    "max_pool1d": toml(SEQUENCE, pooled('type = "max_pool1d"; kernel_size = 3; stride = 2; padding = 1')),
    "avg_pool1d": toml(SEQUENCE, pooled('type = "avg_pool1d"; kernel_size = 3; stride = 2; padding = 1')),
    "global_avg_pool1d": toml(SEQUENCE, pooled('type = "global_avg_pool1d"')),
    "global_max_pool1d": toml(SEQUENCE, pooled('type = "global_max_pool1d"')),
    # More layers.
    "global_avg_pool2d": toml(MAPS, conv("out_channels = 3; kernel_size = 3") + ['type = "global_avg_pool2d"']),
    "global_max_pool2d": toml(MAPS, pooled('type = "global_max_pool2d"')),
    "adaptive_avg_pool2d": toml(MAPS, pooled('type = "adaptive_avg_pool2d"; output_size = [3, 4]')),
    "adaptive_avg_pool2d_larger": toml(
        [2, 1, 3],
        conv("out_channels = 2; kernel_size = 1") + ['type = "adaptive_avg_pool2d"; output_size = [2, 1]'],
    ),
    "upsample2d": toml([2, 3, 2], conv("out_channels = 2; kernel_size = 1") + ['type = "upsample2d"; scale_factor = 2']),
    "upsample2d_pair": toml([2, 3, 2], pooled('type = "upsample2d"; scale_factor = [1, 3]')),
    "channel_shuffle": toml(
        [2, 3, 2], conv("out_channels = 6; kernel_size = 1") + ['type = "channel_shuffle"; groups = 3; activation = "tanh"']
    ),
    "zero_pad2d": toml([2, 3, 2], conv("out_channels = 2; kernel_size = 1") + ['type = "zero_pad2d"; padding = 1']),
    "zero_pad2d_sides": toml([2, 3, 2], pooled('type = "zero_pad2d"; padding = [1, 0, 2, 3]')),
    "conv_transpose2d": toml([2, 3, 4], ['type = "conv_transpose2d"; out_channels = 3; kernel_size = 3']),
    "conv_transpose2d_stride": toml(
        [2, 3, 4],
        ['type = "conv_transpose2d"; out_channels = 2; kernel_size = 3; stride = 2; padding = 1; output_padding = 1'],
    ),
    "conv_transpose2d_everything": toml(
        [4, 3, 4],
        [
            'type = "conv_transpose2d"; out_channels = 6; kernel_size = [2, 3]; stride = [3, 1]; padding = [1, 2]; '
            'output_padding = [1, 0]; dilation = [2, 1]; groups = 2; bias = false; activation = "tanh"',
            'type = "dense"; out_features = 2',
        ],
    ),
    "conv_transpose2d_depthwise": toml(
        [3, 3, 4], ['type = "conv_transpose2d"; out_channels = 3; kernel_size = 2; stride = 2; groups = 3']
    ),
    "reshape": toml(
        [12],
        [
            'type = "dense"; out_features = 12',
            'type = "reshape"; shape = [3, 2, 2]',
            'type = "conv2d"; out_channels = 2; kernel_size = 2',
            'type = "reshape"; shape = [1, 2]',
            'type = "conv1d"; out_channels = 2; kernel_size = 1',
        ],
    ),
    "layer_norm": toml([6], ['type = "dense"; out_features = 5', 'type = "layer_norm"; activation = "tanh"']),
    "layer_norm_of_maps": toml(
        MAPS, conv("out_channels = 2; kernel_size = 3") + ['type = "layer_norm"; epsilon = 1e-2; bias = false']
    ),
    "layer_norm_of_rows": toml(
        MAPS,
        conv('out_channels = 2; kernel_size = 3; activation = "tanh"')
        + ['type = "layer_norm"; normalized_shape = [5, 4]'],
    ),
    "layer_norm_of_sequences": toml(
        SEQUENCE,
        [
            'type = "conv1d"; out_channels = 2; kernel_size = 3; activation = "tanh"',
            'type = "layer_norm"; normalized_shape = [7]',
        ],
    ),
    "layer_norm_not_learnt": toml(
        MAPS,
        conv('out_channels = 2; kernel_size = 3; activation = "tanh"')
        + ['type = "layer_norm"; normalized_shape = [4]; elementwise_affine = false'],
    ),
    # Batch norms and dropouts. A bias before a norm has no gradient but rounding errors.
    "batch_norm2d": toml(
        MAPS, conv("out_channels = 3; kernel_size = 3; bias = false") + ['type = "batch_norm2d"; activation = "relu"']
    ),
    "batch_norm2d_first": toml(MAPS, ['type = "batch_norm2d"; epsilon = 0.5', 'type = "dense"; out_features = 3']),
    "batch_norm2d_everything": toml(
        MAPS,
        conv('out_channels = 2; kernel_size = 3; activation = "tanh"')
        + ['type = "batch_norm2d"; epsilon = 0.01; momentum = 0.3; affine = false', 'type = "dense"; out_features = 3'],
        loss='{ type = "softmax_cross_entropy", weight = [0.5, 2.0, 1.25] }',
        more=["ema_decay = 0.8"],
    ),
    "batch_norm2d_residual": toml(
        MAPS,
        [
            'type = "conv2d"; name = "stem"; out_channels = 3; kernel_size = 3; bias = false',
            'type = "batch_norm2d"; name = "first"; activation = "tanh"',
            'type = "conv2d"; out_channels = 3; kernel_size = 3; padding = 1; bias = false',
            'type = "batch_norm2d"; name = "second"',
            'type = "conv2d"; input = "stem"; out_channels = 3; kernel_size = 1; bias = false',
            'type = "batch_norm2d"; name = "third"',
            'type = "add"; inputs = ["first", "second", "third"]; activation = "relu"',
            'type = "dense"; out_features = 2',
        ],
        optimizer='optimizer = { type = "adam", learning_rate = 0.01, weight_decay = 0.1 }',
    ),
    "batch_norm2d_frozen": toml(
        MAPS,
        [
            'type = "conv2d"; out_channels = 3; kernel_size = 3; bias = false; frozen = true',
            'type = "batch_norm2d"; frozen = true',
            'type = "conv2d"; out_channels = 2; kernel_size = 3; bias = false',
            'type = "batch_norm2d"; frozen = true; activation = "tanh"',
            'type = "dense"; out_features = 2',
        ],
    ),
    "batch_norm1d": toml(
        [5],
        [
            'type = "dense"; out_features = 4; activation = "tanh"',
            'type = "batch_norm1d"; activation = "tanh"',
            'type = "dense"; out_features = 3; activation = "tanh"',
            'type = "batch_norm1d"; momentum = 1.0',
        ],
        more=["clip_grad_norm = 0.1"],
    ),
    "batch_norm1d_of_sequences": toml(
        SEQUENCE,
        [
            'type = "conv1d"; out_channels = 2; kernel_size = 3; bias = false',
            'type = "batch_norm1d"; activation = "tanh"',
            'type = "dense"; out_features = 2',
        ],
    ),
    "batch_norm1d_not_learnt": toml(
        [5],
        [
            'type = "dense"; out_features = 4; activation = "tanh"',
            'type = "batch_norm1d"; epsilon = 0.01; affine = false',
            'type = "dense"; out_features = 3',
        ],
    ),
    "dropout": toml(
        [5],
        [
            'type = "dense"; out_features = 12; activation = "tanh"',
            'type = "dropout"',
            'type = "dense"; out_features = 3',
        ],
        loss="softmax_cross_entropy",
    ),
    "dropout2d": toml(
        MAPS,
        conv('out_channels = 6; kernel_size = 3; activation = "tanh"')
        + ['type = "dropout2d"; p = 0.3', 'type = "dense"; out_features = 3'],
    ),
    "dropout_between_norms": toml(
        MAPS,
        [
            'type = "conv2d"; out_channels = 3; kernel_size = 3; bias = false',
            'type = "batch_norm2d"; activation = "tanh"',
            'type = "dropout"; p = 0.2',
            'type = "conv2d"; out_channels = 2; kernel_size = 3; bias = false',
            'type = "dropout2d"; p = 0.25',
            'type = "batch_norm2d"',
            'type = "dense"; out_features = 3',
        ],
    ),
    "softmax_of_maps": toml(MAPS, conv("out_channels = 3; kernel_size = 5") + ['type = "softmax"']),
    "softmax_within": toml(
        [5], ['type = "dense"; out_features = 4', 'type = "softmax"', 'type = "dense"; out_features = 2']
    ),
    "log_softmax": toml([5], ['type = "dense"; out_features = 4', 'type = "log_softmax"']),
    "log_softmax_of_maps": toml(MAPS, conv("out_channels = 3; kernel_size = 5") + ['type = "log_softmax"']),
    # Graphs.
    "add": toml(
        MAPS,
        [
            'type = "conv2d"; name = "a"; out_channels = 3; kernel_size = 3; activation = "tanh"',
            'type = "conv2d"; name = "b"; input = "input"; out_channels = 3; kernel_size = 3; activation = "sigmoid"',
            'type = "add"; inputs = ["a", "b"]; activation = "tanh"',
        ],
    ),
    "add_of_three": toml(
        [5],
        [
            'type = "dense"; name = "a"; out_features = 5; activation = "tanh"',
            'type = "dense"; name = "b"; out_features = 5',
            'type = "add"; inputs = ["b", "input", "a"]',
        ],
    ),
    "concat": toml(
        MAPS,
        [
            'type = "conv2d"; name = "a"; out_channels = 3; kernel_size = 3; padding = 1; activation = "tanh"',
            'type = "conv2d"; name = "b"; out_channels = 1; kernel_size = [3, 1]; padding = [1, 0]',
            'type = "concat"; inputs = ["b", "a", "input"]; activation = "sigmoid"',
            'type = "dense"; out_features = 3',
        ],
    ),
    "concat_of_vectors": toml(
        [5],
        [
            'type = "dense"; name = "a"; out_features = 3; activation = "tanh"',
            'type = "dense"; name = "b"; out_features = 2; input = "input"',
            'type = "concat"; inputs = ["a", "b"]',
            'type = "dense"; out_features = 4',
        ],
        loss="softmax_cross_entropy",
    ),
    "residual": toml(
        MAPS,
        [
            'type = "conv2d"; name = "stem"; out_channels = 3; kernel_size = 3; padding = 1; activation = "relu"',
            'type = "conv2d"; out_channels = 4; kernel_size = 3; padding = 1; stride = 2; activation = "relu"',
            'type = "conv2d"; name = "residual"; out_channels = 4; kernel_size = 3; padding = 1',
            'type = "conv2d"; name = "shortcut"; input = "stem"; out_channels = 4; kernel_size = 1; stride = 2; '
            'bias = false',
            'type = "add"; inputs = ["residual", "shortcut"]; activation = "relu"',
            'type = "dense"; out_features = 3',
        ],
        loss="softmax_cross_entropy",
    ),
    "dense_block": toml(
        MAPS,
        [
            'type = "conv2d"; name = "a"; out_channels = 2; kernel_size = 3; padding = 1; activation = "tanh"',
            'type = "conv2d"; name = "b"; out_channels = 2; kernel_size = 3; padding = 1; activation = "tanh"',
            'type = "concat"; name = "ab"; inputs = ["a", "b"]',
            'type = "conv2d"; name = "c"; out_channels = 2; kernel_size = 3; padding = 1; activation = "tanh"',
            'type = "concat"; inputs = ["ab", "c", "a"]',
            'type = "flatten"; name = "flat"',
            'type = "dense"; name = "d"; out_features = 3',
            'type = "dense"; name = "e"; input = "flat"; out_features = 3; activation = "sigmoid"',
            'type = "add"; inputs = ["d", "e"]',
        ],
    ),
    **{name: stretched(settings) for name, settings in STRETCHED.items()},
    "prelu_of_features": activated('{ type = "prelu", num_parameters = 5 }'),
    "gelu_key": activated('{ type = "gelu", approximate = "tanh" }'),
    # Losses.
    "loss_mse": toml([5], ['type = "dense"; out_features = 3; activation = "sigmoid"']),
    "loss_mse_maps": toml(MAPS, conv("out_channels = 2; kernel_size = 3")),
    "loss_quadratic": toml([5], ['type = "dense"; out_features = 3; activation = "sigmoid"'], loss="quadratic"),
    "loss_softmax_cross_entropy": judged("softmax_cross_entropy"),
    "loss_softmax_cross_entropy_weight": judged('{ type = "softmax_cross_entropy", weight = [0.5, 2.0, 1.0, 4.0] }'),
    "loss_softmax_cross_entropy_smoothing": judged('{ type = "softmax_cross_entropy", label_smoothing = 0.1 }'),
    "loss_softmax_cross_entropy_everything": judged(
        '{ type = "softmax_cross_entropy", weight = [0.5, 2.0, 1.0, 4.0], label_smoothing = 0.2 }'
    ),
    "loss_nll": judged("nll"),
    "loss_nll_everything": judged('{ type = "nll", weight = [0.5, 2.0, 1.0, 4.0], label_smoothing = 0.2 }'),
    "loss_binary_cross_entropy": judged("binary_cross_entropy"),
    "loss_binary_cross_entropy_pos_weight": judged('{ type = "binary_cross_entropy", pos_weight = 2.5 }'),
    "loss_binary_cross_entropy_pos_weights": judged(
        '{ type = "binary_cross_entropy", pos_weight = [0.5, 2.0, 1.0, 4.0] }'
    ),
    "loss_binary_cross_entropy_with_sigmoid": judged("binary_cross_entropy", after='; activation = "sigmoid"'),
    "loss_binary_cross_entropy_maps": toml(
        MAPS, conv("out_channels = 2; kernel_size = 3"), loss='{ type = "binary_cross_entropy", pos_weight = 3 }'
    ),
    "loss_l1": judged("l1"),
    "loss_l1_maps": toml(MAPS, conv("out_channels = 2; kernel_size = 3"), loss="l1"),
    "loss_smooth_l1": judged("smooth_l1"),
    "loss_smooth_l1_beta": judged('{ type = "smooth_l1", beta = 0.5 }'),
    "loss_huber": judged("huber"),
    "loss_huber_delta": judged('{ type = "huber", delta = 0.4 }'),
    # Several outputs.
    "outputs_with_the_same_label": toml(
        [1, 6, 6],
        [
            'name = "stem"; type = "conv2d"; out_channels = 3; kernel_size = 3; activation = "tanh"',
            'name = "early"; type = "dense"; out_features = 4',
            'type = "max_pool2d"; input = "stem"; kernel_size = 2',
            'name = "classes"; type = "dense"; out_features = 4',
        ],
        loss=[
            'output = "classes"; loss = "softmax_cross_entropy"',
            'output = "early"; loss = "softmax_cross_entropy"; weight = 0.3',
        ],
    ),
    "outputs_with_the_label_and_the_input": toml(
        [2, 4, 3],
        [
            'name = "code"; type = "dense"; out_features = 6; activation = "tanh"',
            'name = "decoder"; type = "dense"; out_features = 24; activation = "sigmoid"',
            'name = "maps"; type = "reshape"; shape = [2, 4, 3]',
            'name = "smooth"; type = "conv2d"; out_channels = 2; kernel_size = 3; padding = 1',
            'name = "classes"; type = "dense"; input = "code"; out_features = 4',
        ],
        loss=[
            'output = "decoder"; loss = { type = "binary_cross_entropy", pos_weight = 2 }; weight = 0.5; target = "input"',
            'output = "smooth"; loss = "mse"; weight = 0.25; target = "input"',
            'output = "classes"; loss = { type = "softmax_cross_entropy", label_smoothing = 0.1 }; weight = 2',
        ],
    ),
    "outputs_with_class_weights": toml(
        [5],
        [
            'name = "stem"; type = "dense"; out_features = 6; activation = "sigmoid"',
            'name = "early"; type = "dense"; out_features = 4; activation = "tanh"',
            'name = "plain"; type = "dense"; input = "stem"; out_features = 4; activation = "tanh"',
            'name = "classes"; type = "dense"; input = "stem"; out_features = 4',
        ],
        loss=[
            'output = "classes"; loss = { type = "softmax_cross_entropy", weight = [0.5, 2.0, 1.0, 4.0] }; weight = 0.7',
            'output = "early"; weight = 0.3; '
            'loss = { type = "softmax_cross_entropy", weight = [0.5, 2.0, 1.0, 4.0], label_smoothing = 0.2 }',
            'output = "plain"; loss = { type = "nll", weight = [0.5, 2.0, 1.0, 4.0], label_smoothing = 0.2 }; weight = 0.1',
        ],
    ),
    "outputs_of_numbers": toml(
        [5],
        [
            'name = "first"; type = "dense"; out_features = 3',
            'name = "second"; type = "dense"; out_features = 3; activation = "softplus"',
            'name = "again"; type = "dense"; out_features = 5',
            'name = "third"; type = "dense"; input = "second"; out_features = 3',
        ],
        loss=[
            'output = "first"; loss = "smooth_l1"; weight = 0.4',
            'output = "second"; loss = { type = "huber", delta = 0.4 }; weight = 0.3',
            'output = "again"; loss = "quadratic"; weight = 0.2; target = "input"',
            'output = "third"; loss = "l1"; weight = 0.8',
        ],
    ),
    "outputs_before_and_after_a_softmax": toml(
        [5],
        [
            'name = "logits"; type = "dense"; out_features = 4',
            'name = "early"; type = "softmax"',
            'name = "bent"; type = "tanh"; input = "logits"',
            'type = "concat"; inputs = ["logits", "early"]',
            'name = "more"; type = "dense"; out_features = 4',
            'name = "classes"; type = "softmax"',
        ],
        loss=[
            'output = "logits"; loss = "nll"; weight = 0.4',
            'output = "early"; loss = "softmax_cross_entropy"; weight = 0.3',
            'output = "bent"; loss = "nll"',
            'output = "classes"; loss = "softmax_cross_entropy"',
        ],
    ),
    "outputs_of_batches": toml(
        [2, 5, 4],
        [
            'name = "stem"; type = "conv2d"; out_channels = 3; kernel_size = 3; padding = 1; bias = false',
            'type = "batch_norm2d"; epsilon = 0.1; activation = "tanh"',
            'name = "early_conv"; type = "conv2d"; out_channels = 2; kernel_size = 3; bias = false',
            'name = "early_norm"; type = "batch_norm2d"; epsilon = 0.1',
            'name = "early"; type = "dense"; out_features = 4',
            'type = "dropout"; input = "norm1"; p = 0.2',
            'name = "classes"; type = "dense"; out_features = 4',
        ],
        loss=[
            'output = "classes"; loss = "softmax_cross_entropy"',
            'output = "early"; loss = "softmax_cross_entropy"; weight = 0.3',
        ],
    ),
    # Optimizers and schedules.
    "sgd": trained('type = "sgd", learning_rate = 0.1'),
    "sgd_momentum": trained('type = "sgd", learning_rate = 0.1, momentum = 0.9'),
    "sgd_nesterov": trained('type = "sgd", learning_rate = 0.1, momentum = 0.9, nesterov = true'),
    "sgd_weight_decay": trained('type = "sgd", learning_rate = 0.1, weight_decay = 0.01'),
    "sgd_everything": trained(
        'type = "sgd", learning_rate = 0.1, momentum = 0.8, nesterov = true, weight_decay = 0.01', schedule="cosine"
    ),
    "adam": trained('type = "adam", learning_rate = 0.01'),
    "adam_everything": trained(
        'type = "adam", learning_rate = 0.01, betas = [0.8, 0.95], epsilon = 1e-3, weight_decay = 0.1'
    ),
    "adam_cosine": trained('type = "adam", learning_rate = 0.01', schedule="cosine"),
    "adamw": trained('type = "adamw", learning_rate = 0.01'),
    "adamw_everything": trained(
        'type = "adamw", learning_rate = 0.01, betas = [0.8, 0.95], epsilon = 1e-3, weight_decay = 0.1',
        schedule="cosine",
    ),
    "adam_amsgrad": trained('type = "adam", learning_rate = 0.1, betas = [0.9, 0.5], amsgrad = true'),
    "adamw_amsgrad": trained('type = "adamw", learning_rate = 0.1, betas = [0.9, 0.5], amsgrad = true'),
    "nadam": trained('type = "nadam", learning_rate = 0.01'),
    "nadam_everything": trained(
        'type = "nadam", learning_rate = 0.01, betas = [0.8, 0.95], epsilon = 1e-3, weight_decay = 0.1, '
        'momentum_decay = 0.5',
        schedule="cosine",
    ),
    "rmsprop": trained('type = "rmsprop", learning_rate = 0.01'),
    "rmsprop_centered": trained('type = "rmsprop", learning_rate = 0.01, alpha = 0.9, centered = true'),
    "rmsprop_everything": trained(
        'type = "rmsprop", learning_rate = 0.01, alpha = 0.8, epsilon = 1e-3, weight_decay = 0.1, momentum = 0.9, '
        'centered = true'
    ),
    "adagrad": trained('type = "adagrad", learning_rate = 0.01'),
    "adagrad_everything": trained(
        'type = "adagrad", learning_rate = 0.01, learning_rate_decay = 0.5, epsilon = 1e-3, weight_decay = 0.1'
    ),
    "lion": trained('type = "lion", learning_rate = 0.001'),
    "lion_everything": trained('type = "lion", learning_rate = 0.01, betas = [0.5, 0.8], weight_decay = 0.1'),
    "muon": trained('type = "muon", learning_rate = 0.02'),
    "muon_everything": trained(
        'type = "muon", learning_rate = 0.02, momentum = 0.8, nesterov = false, weight_decay = 0.2, epsilon = 1e-3, '
        'ns_steps = 3, adjust_learning_rate = "match_rms_adamw", '
        'adamw = { learning_rate = 0.01, betas = [0.8, 0.95], epsilon = 1e-2, weight_decay = 0.1 }',
        schedule="cosine",
    ),
    "muon_convolutions": convolved('type = "muon", learning_rate = 0.02'),
    # What else belongs to a step.
    "clip_grad_norm": trained('type = "sgd", learning_rate = 0.5, momentum = 0.9', more=["clip_grad_norm = 0.2"]),
    "clip_grad_norm_large": trained('type = "sgd", learning_rate = 0.5', more=["clip_grad_norm = 1000"]),
    "clip_grad_value": trained('type = "adam", learning_rate = 0.01', more=["clip_grad_value = 0.05"]),
    "ema": trained('type = "sgd", learning_rate = 0.5', more=["ema_decay = 0.9"]),
    "learning_rate_factors": trained(
        'type = "adamw", learning_rate = 0.01, weight_decay = 0.1',
        schedule="cosine",
        keys=("; learning_rate_factor = 0.1", "; learning_rate_factor = 2"),
    ),
    "learning_rate_factors_muon": trained(
        'type = "muon", learning_rate = 0.02', keys=("; learning_rate_factor = 0.1", "")
    ),
    "frozen_first": trained(
        'type = "adam", learning_rate = 0.01', more=["ema_decay = 0.9"], keys=("; frozen = true", "")
    ),
    "frozen_last": trained(
        'type = "sgd", learning_rate = 0.1, weight_decay = 0.1',
        more=["clip_grad_norm = 0.01"],
        keys=("", "; frozen = true"),
    ),
    "schedule_one_cycle": trained('type = "sgd", learning_rate = 0.1', schedule='{ type = "one_cycle", pct_start = 0.5 }'),
    "schedule_warmup": trained(
        'type = "sgd", learning_rate = 0.1', schedule='{ type = "step", step_size = 1, warmup = { steps = 4 } }'
    ),
    # Whole networks, scaled down.
    "digits": toml(
        [1, 10, 10],
        [
            'type = "conv2d"; out_channels = 3; kernel_size = 3; activation = "relu"',
            'type = "max_pool2d"; kernel_size = 2',
            'type = "dense"; in_features = 48; out_features = 4',
        ],
        loss="softmax_cross_entropy",
        optimizer='optimizer = { type = "sgd", learning_rate = 0.1, momentum = 0.9 }',
        schedule="cosine",
    ),
    "digits_textbook": toml(
        [1, 10, 10],
        [
            'type = "conv2d"; out_channels = 3; kernel_size = 3; activation = "sigmoid"',
            'type = "max_pool2d"; kernel_size = 2',
            'type = "dense"; in_features = 48; out_features = 4; activation = "sigmoid"',
        ],
        loss="quadratic",
        optimizer='optimizer = { type = "sgd", learning_rate = 1.0 }',
    ),
    "lenet5": toml(
        [1, 10, 10],
        [
            'type = "conv2d"; out_channels = 2; kernel_size = 3; padding = 1; activation = "tanh"',
            'type = "avg_pool2d"; kernel_size = 2',
            'type = "conv2d"; out_channels = 3; kernel_size = 2; activation = "relu"',
            'type = "max_pool2d"; kernel_size = 2',
            'type = "dense"; out_features = 8; activation = "relu"',
            'type = "dense"; out_features = 6; activation = "relu"',
            'type = "dense"; out_features = 4',
        ],
        loss="softmax_cross_entropy",
        optimizer='optimizer = { type = "adam", learning_rate = 0.01 }',
    ),
}

# The two examples that can be worked out by hand: their batch is one sample.
IMAGE = [float(value) for value in range(1, 10)]
FILTER = conv("out_channels = 1; kernel_size = 2; bias = false")
SMALL_STEP = 'optimizer = { type = "sgd", learning_rate = 0.001 }'
WORKED = {
    "worked_example_1": (
        toml([1, 3, 3], FILTER, loss="quadratic", optimizer=SMALL_STEP, batch=1),
        {"conv1.weight": [1.0, -2.0, 0.0, 3.0]},
        [11.0, 12.0, 20.0, 19.0],
    ),
    "worked_example_2": (
        toml([1, 3, 3], FILTER * 2, optimizer=SMALL_STEP, batch=1),
        {"conv1.weight": [1.0, -2.0, 0.0, 3.0], "conv2.weight": [2.0, -1.0, 1.0, -1.0]},
        [5.0],
    ),
}


# What is written -----------------------------------------------------------------------------------------------------


def short(tensor):
    """The same values with three decimals, so that files stay small."""
    return (tensor * 1000).round() / 1000


def flat(tensor):
    return tensor.detach().flatten().tolist()


def samples(tensor):
    return [flat(sample) for sample in tensor]


def state(network):
    return {name: flat(value.double()) for name, value in network.state_dict().items()}


def gradients(network):
    """Zero for what is frozen, and for running averages."""
    zeros = {name: torch.zeros_like(value) for name, value in network.state_dict().items()}
    learnt = {name: value.grad for name, value in network.named_parameters() if value.grad is not None}
    return {name: flat(value.double()) for name, value in (zeros | learnt).items()}


def clip(training, network):
    if "clip_grad_norm" in training:
        nn.utils.clip_grad_norm_(network.parameters(), training["clip_grad_norm"])
    if "clip_grad_value" in training:
        nn.utils.clip_grad_value_(network.parameters(), training["clip_grad_value"])


def averaged(network, decay):
    """The running average of the weights, if there is to be one."""
    if decay is None:
        return None
    swa = torch.optim.swa_utils
    return swa.AveragedModel(network, multi_avg_fn=swa.get_ema_multi_avg_fn(decay))


def figures(text, network, inputs, targets):
    """Three training steps; `None` if one of them comes too close to a kink."""
    spec = tomllib.loads(text)
    training = spec["training"]
    inputs.requires_grad_()
    record = {"toml": text, "parameters": state(network), "inputs": samples(inputs)}
    record |= {"labels": targets.tolist()} if targets.dtype == torch.long else {"targets": samples(targets)}
    rule = optimizer(training["optimizer"], network.factors.items())
    per_step, per_epoch, of_loss = scheduled(training["schedule"], rule, training["epochs"], 1)
    average = averaged(network, training.get("ema_decay"))
    network.eval()
    record["outputs"] = samples(network(inputs))
    record |= network.masks(len(inputs))
    steps = []
    network.train()
    for _ in range(STEPS):
        loss = total(training, network, inputs, targets)
        if network.margin() < MARGIN:
            return None
        rule.zero_grad()
        inputs.grad = None
        loss.backward()
        if not steps:
            record |= {"loss": loss.item(), "gradients": gradients(network)}
            record["input_gradients"] = samples(inputs.grad)
        clip(training, network)
        rule.step()
        for schedule in per_step + per_epoch:
            schedule.step()
        for schedule in of_loss:
            schedule.step(loss)
        if average:
            average.update_parameters(network)
        steps.append(state(average.module if average else network))
    return record | {"steps": steps}


def is_of_classes(training, network):
    """Whether the label is a class: the network's output is compared with the label."""
    *_, (_, _, last) = network.path
    loss = next(judge["loss"] for judge in losses(training, network) if judge["output"] == last)
    kind = loss if isinstance(loss, str) else loss["type"]
    return kind in ["softmax_cross_entropy", "nll"]


def random_case(text, scale=1):
    """The first seed whose figures are clear of kinks; samples have this standard deviation."""
    for seed in itertools.count():
        torch.manual_seed(seed)
        spec = tomllib.loads(text)
        network = Network(spec)
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(short(tensor))
        inputs = short(scale * torch.randn(BATCH, *spec["network"]["input"]))
        outputs = network(inputs)
        labels = torch.randint(outputs[0].numel(), (BATCH,))
        targets = labels if is_of_classes(spec["training"], network) else short(torch.rand_like(outputs))
        record = figures(text, network, inputs, targets)
        if record is not None:
            return record


def worked_case(text, parameters, target):
    spec = tomllib.loads(text)
    network = Network(spec)
    for name, parameter in network.named_parameters():
        parameter.data = torch.tensor(parameters[name]).reshape(parameter.shape)
    inputs = torch.tensor(IMAGE).reshape(1, *spec["network"]["input"])
    outputs = network(inputs)
    return figures(text, network, inputs, torch.tensor(target).reshape(outputs.shape))


SCHEDULES = [
    ("{ type = \"constant\" }", 100, 1),
    ("{ type = \"step\", step_size = 7 }", 100, 1),
    ("{ type = \"step\", step_size = 3, gamma = 0.9 }", 20, 5),
    ("{ type = \"multi_step\", milestones = [1, 30, 31, 99], gamma = 0.3 }", 100, 1),
    ("{ type = \"exponential\", gamma = 0.97 }", 100, 1),
    *((f"{{ type = \"cosine\" }}", epochs, 1) for epochs in [1, 2, 3, 10, 100]),
    ("{ type = \"cosine\", t_max = 30, eta_min = 0.01 }", 100, 1),
    ("{ type = \"polynomial\", total_iters = 60, power = 2.5 }", 100, 1),
    ("{ type = \"polynomial\" }", 100, 1),
    ("{ type = \"one_cycle\" }", 10, 10),
    ("{ type = \"one_cycle\", pct_start = 0.4, div_factor = 10, final_div_factor = 100, three_phase = true }", 4, 25),
    ("{ type = \"one_cycle\", pct_start = 0.25, anneal_strategy = \"linear\" }", 10, 10),
    ("{ type = \"constant\", warmup = { steps = 40 } }", 10, 10),
    ("{ type = \"step\", step_size = 2, warmup = { steps = 33, start_factor = 0.01 } }", 10, 10),
    ("{ type = \"reduce_on_plateau\", patience = 3 }", 100, 1),
    (
        "{ type = \"reduce_on_plateau\", factor = 0.5, patience = 2, threshold = 0.01, threshold_mode = \"abs\", "
        "cooldown = 4, min_lr = 0.001 }",
        100,
        1,
    ),
]


def schedules():
    """The first learning rates of each schedule, 100 of them where there are as many steps."""
    torch.manual_seed(0)
    losses = short(torch.rand(100) * 0.1 + 1 / (1 + torch.arange(100) / 5)).tolist()
    records = []
    for schedule, epochs, steps in SCHEDULES:
        rule = torch.optim.SGD([torch.zeros(1)], lr=0.1)
        settings = tomllib.loads(f"schedule = {schedule}")["schedule"]
        per_step, per_epoch, of_loss = scheduled(settings, rule, epochs, steps)
        rates = []
        for loss, step in zip(losses, range(epochs * steps)):
            rates.append(rule.param_groups[0]["lr"])
            rule.step()
            is_last = step == epochs * steps - 1
            for scheduler in per_step if not is_last else []:
                scheduler.step()
            if (step + 1) % steps == 0:
                for scheduler in per_epoch:
                    scheduler.step()
                for scheduler in of_loss:
                    scheduler.step(loss)
        records.append({"schedule": schedule, "epochs": epochs, "steps": steps, "rates": rates})
        if of_loss:
            records[-1]["losses"] = losses
    return records


def drawn(initialize, *arguments):
    """The distributions that an initialiser draws from, one after the other: weight, then bias."""
    with mock.patch.multiple(torch.Tensor, uniform_=mock.DEFAULT, normal_=mock.DEFAULT) as fill:
        initialize(*arguments)
    uniform = [{"uniform": call.args[1]} for call in fill["uniform_"].call_args_list]
    normal = [{"normal": call.args[1]} for call in fill["normal_"].call_args_list]
    return uniform + normal


def initialization():
    """PyTorch's own distribution of weight and bias, and that of the weight under each named scheme."""
    schemes = {
        "kaiming_uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
        "kaiming_normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
        "xavier_uniform": nn.init.xavier_uniform_,
        "xavier_normal": nn.init.xavier_normal_,
    }
    records = []
    for shape, text in [
        ([5], 'type = "dense"; out_features = 3'),
        ([2, 7, 6], 'type = "conv2d"; out_channels = 3; kernel_size = [3, 2]'),
        ([4, 5, 6], 'type = "conv2d"; out_channels = 6; kernel_size = 3; groups = 2'),
        ([2, 9], 'type = "conv1d"; out_channels = 3; kernel_size = 4'),
        ([4, 5, 6], 'type = "conv_transpose2d"; out_channels = 6; kernel_size = [3, 2]; groups = 2'),
    ]:
        module, *_ = Network(tomllib.loads(toml(shape, [text]))).path[0]
        record = {"input": shape, "layer": text.split("; "), "pytorch": drawn(module.reset_parameters)}
        record |= {name: drawn(scheme, module.weight) for name, scheme in schemes.items()}
        records.append(record)
    return records


def write(name, record):
    """One line for each entry of an object, or each item of a list."""
    if isinstance(record, dict):
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items()]
        text = "{\n" + ",\n".join(lines) + "\n}\n"
    else:
        text = "[\n" + ",\n".join(json.dumps(item) for item in record) + "\n]\n"
    (FOLDER / f"{name}.json").write_text(text)


def main():
    torch.set_default_dtype(torch.float64)
    chosen = sys.argv[1:]
    for name, text in CASES.items():
        if not chosen or name in chosen:
            write(name, random_case(text, 6 if name in STRETCHED else 1))
    if not chosen:
        for name, case in WORKED.items():
            write(name, worked_case(*case))
        write("schedules", schedules())
        write("initialization", initialization())


if __name__ == "__main__":
    main()
