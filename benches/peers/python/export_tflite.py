"""A network as a TFLite file: NHWC, the ReLU fused into the layer before, written through the format's schema."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl

from network import Conv, Pool

OPERATORS = [tfl.BuiltinOperator.CONV_2D, tfl.BuiltinOperator.MAX_POOL_2D, tfl.BuiltinOperator.FULLY_CONNECTED]


def write(network, samples, file):
    graph = Graph()
    weights = network.weights()
    channels, height, width = network.input
    value = graph.tensor((samples, height, width, channels))
    graph.inputs = [value]
    for layer in network.layers:
        if isinstance(layer, Conv):
            weight, bias = next(weights)
            _, height, width, _ = graph.shape(value)
            shrink = 2 * layer.padding - layer.kernel + 1
            shape = (samples, height + shrink, width + shrink, layer.outputs)
            parameters = [weight.transpose(0, 2, 3, 1), bias]
            value = graph.operator(tfl.BuiltinOperator.CONV_2D, conv_options(shrink), value, parameters, shape)
        elif isinstance(layer, Pool):
            _, height, width, channels = graph.shape(value)
            shape = (samples, height // layer.size, width // layer.size, channels)
            value = graph.operator(tfl.BuiltinOperator.MAX_POOL_2D, pool_options(layer), value, [], shape)
        else:
            weight, bias = next(weights)
            parameters = [layer.channels_last(weight), bias]
            shape = (samples, layer.outputs)
            value = graph.operator(
                tfl.BuiltinOperator.FULLY_CONNECTED, dense_options(layer), value, parameters, shape
            )
    graph.outputs = [value]
    file.write_bytes(graph.bytes())


def activation(relu):
    return tfl.ActivationFunctionType.RELU if relu else tfl.ActivationFunctionType.NONE


def conv_options(shrink):
    options = tfl.Conv2DOptionsT()
    options.strideH = options.strideW = 1
    options.padding = tfl.Padding.VALID if shrink else tfl.Padding.SAME
    options.fusedActivationFunction = activation(True)
    return tfl.BuiltinOptions.Conv2DOptions, options


def pool_options(layer):
    options = tfl.Pool2DOptionsT()
    options.filterHeight = options.filterWidth = options.strideH = options.strideW = layer.size
    options.padding = tfl.Padding.VALID
    return tfl.BuiltinOptions.Pool2DOptions, options


def dense_options(layer):
    options = tfl.FullyConnectedOptionsT()
    options.fusedActivationFunction = activation(layer.relu)
    return tfl.BuiltinOptions.FullyConnectedOptions, options


class Graph(tfl.SubGraphT):
    """Operators and tensors in the order in which they are added."""

    def __init__(self):
        super().__init__()
        self.tensors, self.operators, self.buffers = [], [], [tfl.BufferT()]

    def shape(self, index):
        return self.tensors[index].shape

    def tensor(self, shape, values=None):
        tensor = tfl.TensorT()
        tensor.name = f"tensor{len(self.tensors)}"
        tensor.shape = list(shape)
        tensor.type = tfl.TensorType.FLOAT32
        tensor.buffer = 0
        if values is not None:
            buffer = tfl.BufferT()
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)
            tensor.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def operator(self, kind, options, value, parameters, shape):
        operator = tfl.OperatorT()
        operator.opcodeIndex = OPERATORS.index(kind)
        operator.builtinOptionsType, operator.builtinOptions = options
        operator.inputs = [value, *(self.tensor(values.shape, values) for values in parameters)]
        operator.outputs = [self.tensor(shape)]
        self.operators.append(operator)
        return operator.outputs[0]

    def bytes(self):
        model = tfl.ModelT()
        model.version = 3
        model.subgraphs, model.buffers = [self], self.buffers
        model.operatorCodes = []
        for kind in OPERATORS:
            code = tfl.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = kind
            code.version = 1
            model.operatorCodes.append(code)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())
