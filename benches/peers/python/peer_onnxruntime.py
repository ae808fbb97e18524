"""The workloads in ONNX Runtime: the ONNX file, all optimizations, values bound to fixed memory."""

import numpy as np
import onnxruntime as ort

from network import Network
from protocol import Request


def main():
    request = Request.from_arguments("one", "batch")
    network = Network(request.workload)
    options = ort.SessionOptions()
    options.intra_op_num_threads = request.threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    file = f"target/models/{request.workload}-{request.samples}.onnx"
    session = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    image = np.zeros((request.samples, *network.input), np.float32)
    output = np.zeros((request.samples, 10), np.float32)
    binding = session.io_binding()
    binding.bind_ortvalue_input("input", ort.OrtValue.ortvalue_from_numpy(image))
    binding.bind_ortvalue_output("output", ort.OrtValue.ortvalue_from_numpy(output))
    batches = request.batches(network.pixels())
    # The session behind the session: the layer in between takes longer than a small network.
    session, binding, run = session._sess, binding._iobinding, ort.RunOptions()

    def step():
        np.copyto(image, next(batches))
        session.run_with_iobinding(binding, run)

    request.serve(network.parameters, step)


main()
