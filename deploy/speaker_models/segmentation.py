"""Who of up to three speaks when, within ten seconds: pyannote's segmentation 3.0, as ONNX.

Band-pass filters that were learned (SincNet: Ravanelli and Bengio, 2018, with a sine beside each cosine), convolutions,
four LSTM layers in both directions, and for each frame the logarithms of the chances of seven cases: nobody, each of
the three, each pair (Plaquet and Bredin, 2023).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from deploy.speaker_models.network import INPUT, Network, Value
from deploy.speaker_models.weights import Array

RATE = 16_000
_WINDOW = 10 * RATE  # samples
_SHIFT = 2 * RATE  # from one window to the next; each second is listened to five times
_LOWEST, _NARROWEST = 50.0, 50.0  # Hz
_FILTERS = "sincnet.conv1d.0.filterbank"
_STRIDE = 10  # samples between two outputs of the filters
_SLOPE = 0.01  # of what is below zero, behind each layer
_LSTMS, _UNITS = 4, 128
_LINEARS = ("linear.0", "linear.1")

FACTS = {
    "model_type": "pyannote-segmentation-3.0",
    "model_author": "pyannote-audio",
    "version": 1,
    "maintainer": "smelt",
    "license": "MIT",
    "sample_rate": RATE,
    "window_size": _WINDOW,
    "window_shift": _SHIFT,
    "num_speakers": 3,
    "powerset_max_classes": 2,
    "num_classes": 7,
    "receptive_field_size": 991,
    "receptive_field_shift": 270,
}


def write_segmentation(weights: Mapping[str, Array], path: Path) -> None:
    """Raises KeyError where weights are missing."""
    network = Network(weights)
    x = network.instance_norm(INPUT, "sincnet.wav_norm1d")
    for layer in range(3):
        x = _filtered(network, x) if layer == 0 else network.convolution(x, f"sincnet.conv1d.{layer}")
        x = network.apply("MaxPool", x, kernel_shape=[3], strides=[3])
        x = _leaky(network, network.instance_norm(x, f"sincnet.norm1d.{layer}"))
    x = network.apply("Transpose", x, perm=[2, 0, 1])
    for layer in range(_LSTMS):
        x = _lstm(network, x, layer)
    x = network.apply("Transpose", x, perm=[1, 0, 2])
    for name in _LINEARS:
        x = _leaky(network, network.linear(x, name))
    x = network.apply("LogSoftmax", network.linear(x, "classifier"), axis=-1)
    network.save(x, (("N", 1, "samples"), ("N", "frames", 7)), FACTS, path)


def _filtered(network: Network, x: Value) -> Value:
    filters = network.floats(sinc_filters(network.weights))
    return network.apply("Abs", network.apply("Conv", x, filters, strides=[_STRIDE]))


def sinc_filters(weights: Mapping[str, Array]) -> Array:
    """(filters, 1, samples). Each band has an even and an odd filter; only its two edges were learned."""
    low = _LOWEST + np.abs(weights[f"{_FILTERS}.low_hz_"])
    high = np.clip(low + _NARROWEST + np.abs(weights[f"{_FILTERS}.band_hz_"]), _LOWEST, RATE / 2)
    band = high - low
    times, window = weights[f"{_FILTERS}.n_"], weights[f"{_FILTERS}.window_"]  # of the first half
    even = (np.sin(high @ times) - np.sin(low @ times)) / (times / 2) * window
    odd = (np.cos(low @ times) - np.cos(high @ times)) / (times / 2) * window
    evens = np.concatenate([even, 2 * band, even[:, ::-1]], axis=1)
    odds = np.concatenate([odd, np.zeros_like(band), -odd[:, ::-1]], axis=1)
    both: Array = np.concatenate([evens / (2 * band), odds / (2 * band)]).astype(np.float32)
    return both[:, None, :]


def _leaky(network: Network, x: Value) -> Value:
    return network.apply("LeakyRelu", x, alpha=_SLOPE)


def _lstm(network: Network, x: Value, layer: int) -> Value:
    """Both directions side by side. `x`: (frames, N, features)."""
    weights = network.weights
    sides = (f"l{layer}", f"l{layer}_reverse")
    forward = np.stack([_gates(weights[f"lstm.weight_ih_{side}"]) for side in sides])
    recurrent = np.stack([_gates(weights[f"lstm.weight_hh_{side}"]) for side in sides])
    biases = np.stack(
        [
            np.concatenate([_gates(weights[f"lstm.bias_{kind}_{side}"]) for kind in ("ih", "hh")])
            for side in sides
        ]
    )
    y = network.apply(
        "LSTM",
        x,
        *(network.floats(values) for values in (forward, recurrent, biases)),
        direction="bidirectional",
        hidden_size=_UNITS,
    )
    y = network.apply("Transpose", y, perm=[0, 2, 1, 3])
    return network.apply("Reshape", y, network.integers(0, 0, -1))


def _gates(values: Array) -> Array:
    """PyTorch writes the gates as input, forget, cell, output; ONNX as input, output, forget, cell."""
    into, forget, cell, out = np.split(values, 4)
    return np.concatenate([into, out, forget, cell])
