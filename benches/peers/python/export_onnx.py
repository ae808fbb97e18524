"""A network as an ONNX file: NCHW, one node for each layer and each ReLU."""

import onnx
from onnx import TensorProto, helper, numpy_helper

from network import Conv, Pool


def write(network, samples, file):
    weights, nodes, constants = network.weights(), [], []

    def node(kind, parameters=(), **options):
        names = []
        for suffix, values in zip(("weight", "bias"), parameters):
            names.append(f"{suffix}{len(nodes)}")
            constants.append(numpy_helper.from_array(values, names[-1]))
        value = nodes[-1].output[0] if nodes else "input"
        nodes.append(helper.make_node(kind, [value, *names], [f"value{len(nodes)}"], **options))

    for layer in network.layers:
        if isinstance(layer, Conv):
            node("Conv", next(weights), kernel_shape=[layer.kernel] * 2, pads=[layer.padding] * 4)
            node("Relu")
        elif isinstance(layer, Pool):
            node("MaxPool", kernel_shape=[layer.size] * 2, strides=[layer.size] * 2)
        else:
            if len(layer.maps) > 1:
                node("Flatten")
            node("Gemm", next(weights), transB=1)
            if layer.relu:
                node("Relu")
    nodes[-1].output[0] = "output"
    inputs = helper.make_tensor_value_info("input", TensorProto.FLOAT, [samples, *network.input])
    outputs = helper.make_tensor_value_info("output", TensorProto.FLOAT, [samples, 10])
    graph = helper.make_graph(nodes, "network", [inputs], [outputs], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, file)
