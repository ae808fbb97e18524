"""The workloads in PyTorch: `peer_pytorch.py WORKLOAD MEASURE THREADS [compile]`."""

import sys

import torch
from torch import nn
from torch._inductor import config as inductor

from network import Conv, Network, Pool
from protocol import Request


def layout(request):
    """Channels last is the faster one everywhere but here."""
    if request.workload == "seed" and request.measure != "train":
        return torch.contiguous_format
    return torch.channels_last


def module(network):
    layers = []
    for layer in network.layers:
        if isinstance(layer, Conv):
            layers += [nn.Conv2d(layer.inputs, layer.outputs, layer.kernel, padding=layer.padding), nn.ReLU()]
        elif isinstance(layer, Pool):
            layers.append(nn.MaxPool2d(layer.size))
        else:
            layers += [nn.Flatten(), nn.Linear(layer.inputs, layer.outputs)]
            layers += [nn.ReLU()] if layer.relu else []
    return nn.Sequential(*layers)


def training(model, batches, compiled):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, fused=True)

    def loss(images, labels):
        return nn.functional.cross_entropy(model(images), labels)

    loss = compiled(loss)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(*next(batches)).backward()
        optimizer.step()

    return step


def inference(model, batches, compiled):
    inductor.freezing = True
    model = compiled(model.eval())

    @torch.inference_mode()
    def step():
        model(next(batches))

    return step


def main():
    compiled = torch.compile if sys.argv[4:] == ["compile"] else lambda function: function
    del sys.argv[4:]
    request = Request.from_arguments("train", "one", "batch")
    torch.set_num_threads(request.threads)
    network = Network(request.workload)
    model = module(network).to(memory_format=layout(request))
    parameters = sum(tensor.numel() for tensor in model.parameters())
    images = torch.from_numpy(network.pixels()).contiguous(memory_format=layout(request))
    batches = request.batches(images)
    if request.measure == "train":
        batches = zip(batches, request.batches(torch.from_numpy(network.labels())))
        step = training(model, batches, compiled)
    else:
        step = inference(model, batches, compiled)
    request.serve(parameters, step)


main()
