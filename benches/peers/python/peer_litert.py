"""The workloads in LiteRT: the TFLite file on XNNPACK, which LiteRT takes by default."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from network import Network
from protocol import Request


def main():
    request = Request.from_arguments("one", "batch")
    network = Network(request.workload)
    file = f"target/models/{request.workload}-{request.samples}.tflite"
    interpreter = Interpreter(file, num_threads=request.threads)
    interpreter.allocate_tensors()
    image = interpreter.get_input_details()[0]["index"]
    batches = request.batches(network.pixels().transpose(0, 2, 3, 1), np.ascontiguousarray)

    # The interpreter behind the interpreter: the layer in between shows beside a small network.
    interpreter = interpreter._interpreter

    def step():
        interpreter.SetTensor(image, next(batches))
        interpreter.Invoke()

    request.serve(network.parameters, step)


main()
