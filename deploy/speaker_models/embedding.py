"""How a voice sounds, as 192 numbers: CAM++ (Wang et al., 2023), as ONNX.

Two-dimensional residual layers over the 80 mel bands, then densely connected layers over time, each of which weighs its
channels by the mean of the whole and of each two seconds (context-aware masking), and in the end mean and spread.
"""

from collections.abc import Mapping
from pathlib import Path

from onnx import TensorProto

from deploy.speaker_models.network import INPUT, Network, Value
from deploy.speaker_models.weights import Array

_BANDS, _NUMBERS = 80, 192
_FLAT = 320  # channels times bands behind the residual layers
_BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation of each
_STRETCH = 100  # frames of 20 ms that one mean is made of

FACTS = {
    "framework": "3d-speaker",
    "language": "Chinese, English",
    "maintainer": "smelt",
    "license": "Apache-2.0",
    "sample_rate": 16_000,
    "output_dim": _NUMBERS,
    "normalize_samples": 1,
    "feature_normalize_type": "global-mean",
}


def write_embedding(weights: Mapping[str, Array], path: Path) -> None:
    """Raises KeyError where weights are missing."""
    network = Network(weights)
    x = network.apply("Transpose", INPUT, perm=[0, 2, 1])
    x = _head(network, network.apply("Unsqueeze", x, network.integers(1)))
    x = network.convolution(x, "xvector.tdnn.linear", strides=[2], pads=[2, 2])
    x = network.relu(network.batch_norm(x, "xvector.tdnn.nonlinear.batchnorm"))
    for block, (layers, dilation) in enumerate(_BLOCKS, start=1):
        for layer in range(1, layers + 1):
            x = _dense(network, x, f"xvector.block{block}.tdnnd{layer}", dilation)
        x = network.relu(network.batch_norm(x, f"xvector.transit{block}.nonlinear.batchnorm"))
        x = network.convolution(x, f"xvector.transit{block}.linear")
    x = network.relu(network.batch_norm(x, "xvector.out_nonlinear.batchnorm"))
    x = network.convolution(_mean_and_spread(network, x), "xvector.dense.linear")
    x = network.batch_norm(x, "xvector.dense.nonlinear.batchnorm")
    x = network.apply("Squeeze", x, network.integers(-1))
    network.save(x, (("N", "frames", _BANDS), ("N", _NUMBERS)), FACTS, path)


def _head(network: Network, x: Value) -> Value:
    x = network.relu(_over_bands(network, x, "head.conv1", "head.bn1"))
    for layer in ("head.layer1", "head.layer2"):
        for block, stride in enumerate((2, 1)):
            x = _residual(network, x, f"{layer}.{block}", stride)
    x = network.relu(_over_bands(network, x, "head.conv2", "head.bn2", stride=2))
    return network.apply("Reshape", x, network.integers(0, _FLAT, -1))


def _over_bands(network: Network, x: Value, layer: str, norm: str, *, stride: int = 1, pad: int = 1) -> Value:
    return network.batch_norm(network.convolution(x, layer, strides=[stride, 1], pads=[pad] * 4), norm)


def _residual(network: Network, x: Value, block: str, stride: int) -> Value:
    y = network.relu(_over_bands(network, x, f"{block}.conv1", f"{block}.bn1", stride=stride))
    y = _over_bands(network, y, f"{block}.conv2", f"{block}.bn2")
    if stride != 1:
        x = _over_bands(network, x, f"{block}.shortcut.0", f"{block}.shortcut.1", stride=stride, pad=0)
    return network.relu(network.apply("Add", y, x))


def _dense(network: Network, x: Value, layer: str, dilation: int) -> Value:
    """What the layer finds stands behind what all before it found."""
    y = network.relu(network.batch_norm(x, f"{layer}.nonlinear1.batchnorm"))
    y = network.convolution(y, f"{layer}.linear1")
    y = network.relu(network.batch_norm(y, f"{layer}.nonlinear2.batchnorm"))
    local = network.convolution(
        y, f"{layer}.cam_layer.linear_local", pads=[dilation, dilation], dilations=[dilation]
    )
    mask = network.relu(network.convolution(_context(network, y), f"{layer}.cam_layer.linear1"))
    mask = network.apply("Sigmoid", network.convolution(mask, f"{layer}.cam_layer.linear2"))
    return network.apply("Concat", x, network.apply("Mul", local, mask), axis=1)


def _context(network: Network, y: Value) -> Value:
    """The mean of all, and for each frame that of its hundred, together."""
    means = network.apply("AveragePool", y, kernel_shape=[_STRETCH], strides=[_STRETCH], ceil_mode=1)
    means = network.apply("Unsqueeze", means, network.integers(-1))
    means = network.apply("Expand", means, network.integers(1, 1, 1, _STRETCH))
    means = network.apply("Reshape", means, network.integers(0, 0, -1))
    means = network.apply(
        "Slice", means, network.integers(0), _frames(network, y), network.integers(2)
    )  # the last has fewer
    return network.apply("Add", network.apply("ReduceMean", y, axes=[-1], keepdims=1), means)


def _mean_and_spread(network: Network, x: Value) -> Value:
    mean = network.apply("ReduceMean", x, axes=[-1], keepdims=1)
    difference = network.apply("Sub", x, mean)
    squares = network.apply("Mul", difference, difference)
    total = network.apply("ReduceSum", squares, network.integers(-1), keepdims=1)
    frames = network.apply("Cast", _frames(network, x), to=TensorProto.FLOAT)
    one = network.floats([1.0])
    others = network.apply("Max", network.apply("Sub", frames, one), one)
    spread = network.apply("Sqrt", network.apply("Div", total, others))
    return network.apply("Concat", mean, spread, axis=1)


def _frames(network: Network, x: Value) -> Value:
    return network.apply("Slice", network.apply("Shape", x), network.integers(2), network.integers(3))
