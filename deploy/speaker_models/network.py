"""A network as an ONNX graph, put together operation by operation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from deploy.speaker_models.weights import Array

Value = str
"""The name of a tensor in the graph."""
Shape = Sequence[str | int]
"""A text is the name of a dimension that may be of any length."""

INPUT: Value = "x"
_OUTPUT = "y"
_OPSET, _IR = 17, 8  # that every onnxruntime of the last years knows
_EPSILON = 1e-5


class Network:
    """`weights`: of all layers, by name."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def apply(self, operation: str, *inputs: Value, **attributes: Any) -> Value:
        output = f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, list(inputs), [output], **attributes))
        return output

    def floats(self, values: npt.ArrayLike) -> Value:
        return self._constant(np.asarray(values, np.float32))

    def integers(self, *values: int) -> Value:
        return self._constant(np.asarray(values, np.int64))

    def weight(self, name: str) -> Value:
        return self.floats(self.weights[name])

    def relu(self, x: Value) -> Value:
        return self.apply("Relu", x)

    def convolution(self, x: Value, layer: str, **attributes: Any) -> Value:
        """With a bias where the layer has one."""
        bias = f"{layer}.bias"
        biases = [self.weight(bias)] if bias in self.weights else []
        return self.apply("Conv", x, self.weight(f"{layer}.weight"), *biases, **attributes)

    def batch_norm(self, x: Value, layer: str) -> Value:
        """As learned; a layer without a scale of its own leaves it."""
        mean = self.weights[f"{layer}.running_mean"]
        scale = self.weights.get(f"{layer}.weight", np.ones_like(mean))
        bias = self.weights.get(f"{layer}.bias", np.zeros_like(mean))
        spread = self.weight(f"{layer}.running_var")
        values = (self.floats(scale), self.floats(bias), self.floats(mean), spread)
        return self.apply("BatchNormalization", x, *values, epsilon=_EPSILON)

    def instance_norm(self, x: Value, layer: str) -> Value:
        values = (self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias"))
        return self.apply("InstanceNormalization", x, *values, epsilon=_EPSILON)

    def linear(self, x: Value, layer: str) -> Value:
        product = self.apply("MatMul", x, self.floats(self.weights[f"{layer}.weight"].T))
        return self.apply("Add", product, self.weight(f"{layer}.bias"))

    def save(
        self, result: Value, shapes: tuple[Shape, Shape], facts: Mapping[str, object], path: Path
    ) -> None:
        """`shapes`: of the input and of the result. `facts`: what sherpa-onnx has to know of it."""
        self._nodes.append(helper.make_node("Identity", [result], [_OUTPUT]))
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in zip((INPUT, _OUTPUT), shapes, strict=True)
        ]
        graph = helper.make_graph(self._nodes, path.stem, ends[:1], ends[1:], self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
        helper.set_model_props(model, {name: str(value) for name, value in facts.items()})
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString())

    def _constant(self, values: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> Value:
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name
