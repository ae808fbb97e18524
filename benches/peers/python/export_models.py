"""Writes the workloads as ONNX and TFLite files, for one sample and for a batch: `export_models.py FOLDER`."""

import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from onnxruntime import InferenceSession

import export_onnx
import export_tflite
from network import Network
from protocol import SAMPLES



def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for workload in ["seed", "lenet5", "cifar"]:
        network = Network(workload)
        for samples in [SAMPLES["one"], SAMPLES["batch"]]:
            onnx, tflite = (folder / f"{workload}-{samples}.{kind}" for kind in ("onnx", "tflite"))
            export_onnx.write(network, samples, onnx)
            export_tflite.write(network, samples, tflite)
            agree(network.pixels()[:samples], onnx, tflite)


def agree(images, onnx, tflite):
    """Holds the outputs of both files against each other."""
    session = InferenceSession(onnx, providers=["CPUExecutionProvider"])
    interpreter = Interpreter(str(tflite))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images.transpose(0, 2, 3, 1))
    interpreter.invoke()
    output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(session.run(None, {"input": images})[0], output, rtol=1e-4, atol=1e-5)


main()
