"""The workloads in JAX: one jitted function for each step, NHWC, as XLA's convolutions on processors want it."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from network import Conv, Network, Pool
from protocol import Request

LAYOUT = ("NHWC", "HWIO", "NHWC")


def forward(layers, parameters, x):
    parameters = iter(parameters)
    for layer in layers:
        if isinstance(layer, Conv):
            weight, bias = next(parameters)
            border = (layer.padding, layer.padding)
            x = lax.conv_general_dilated(x, weight, (1, 1), (border, border), dimension_numbers=LAYOUT)
            x = jax.nn.relu(x + bias)
        elif isinstance(layer, Pool):
            window = (1, layer.size, layer.size, 1)
            x = lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
        else:
            weight, bias = next(parameters)
            x = x.reshape(x.shape[0], -1) @ weight + bias
            x = jax.nn.relu(x) if layer.relu else x
    return x


def first_values(network):
    layers = [layer for layer in network.layers if not isinstance(layer, Pool)]
    values = []
    for layer, (weight, bias) in zip(layers, network.weights()):
        if isinstance(layer, Conv):
            weight = weight.transpose(2, 3, 1, 0)
        else:
            weight = layer.channels_last(weight).T
        values.append((jnp.asarray(weight), jnp.asarray(bias)))
    return values


def update(forward, parameters, x, labels):
    def loss(parameters):
        scores = jax.nn.log_softmax(forward(parameters, x))
        return -jnp.take_along_axis(scores, labels[:, None], axis=1).mean()

    return jax.tree.map(lambda p, gradient: p - 0.05 * gradient, parameters, jax.grad(loss)(parameters))


def main():
    request = Request.from_arguments("train", "one", "batch")
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    network = Network(request.workload)
    parameters = first_values(network)
    count = sum(tensor.size for tensor in jax.tree.leaves(parameters))
    images = request.batches(network.pixels().transpose(0, 2, 3, 1), jnp.asarray)
    labels = request.batches(network.labels(), jnp.asarray)
    model = partial(forward, network.layers)

    if request.measure == "train":
        step = jax.jit(partial(update, model), donate_argnums=0)

        def train():
            nonlocal parameters
            parameters = step(parameters, next(images), next(labels))

        request.serve(count, train)
    else:
        infer = jax.jit(partial(model, parameters))
        request.serve(count, lambda: infer(next(images)))


main()
