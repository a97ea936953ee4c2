"""Step 3: checkpoint to CTranslate2. `python -m tests.speech_model.training.convert CHECKPOINT FOLDER [SECONDS]`

SECONDS is the window that the model was trained for (6). The specification is filled by hand, so that no other
package is needed.
"""

# torch is needed to make the model, never to run the service, so it is no dependency and may be missing
# mypy: disable-error-code="import-not-found,misc"

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from ctranslate2.specs import whisper_spec  # type: ignore[import-untyped]
from torch import Tensor, nn

from pipeline.speech.samples import RATE
from tests.speech_model.training.network import FULL, MELS, POSITIONS, Attention, Block, Network
from tests.speech_model.training.tokenizer import SIZE, TOKENIZER

_ALIGNMENT_HEADS = 2  # of the last layer: trained to look at the word to come


def load(path: Path) -> Network:
    checkpoint = torch.load(path, weights_only=True)
    network = Network(**checkpoint["shape"])
    network.load_state_dict(checkpoint["weights"])
    return network


def specification(network: Network, seconds: int) -> Any:
    """A `WhisperSpec` with the network's weights."""
    shape = network.shape
    spec = whisper_spec.WhisperSpec(
        shape["encoder_layers"], shape["encoder_heads"], shape["decoder_layers"], shape["decoder_heads"]
    )
    _encoder(spec.encoder, network, seconds)
    _decoder(spec.decoder, network)
    names = {number: token for token, number in TOKENIZER.get_vocab().items()}
    spec.register_vocabulary([names[number] for number in range(SIZE)])
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []  # on silence the end mark may come first
    spec.config.lang_ids = [TOKENIZER.token_to_id("<|en|>")]
    last = shape["decoder_layers"] - 1
    spec.config.alignment_heads = [[last, head] for head in range(_ALIGNMENT_HEADS)]
    spec.validate()
    spec.optimize(quantization="int8")
    return spec


def _encoder(spec: Any, network: Network, seconds: int) -> None:
    for target, conv in ((spec.conv1, network.conv1), (spec.conv2, network.conv2)):
        target.weight, target.bias = _array(conv.weight), _array(conv.bias)
    used = min(POSITIONS, seconds * 50 + 10)  # as many as a training window has
    padding = np.repeat(_array(network.padding_position)[None], FULL - used, 0)
    spec.position_encodings.encodings = np.concatenate([_array(network.encoder_positions)[:used], padding])
    _norm(spec.layer_norm, network.encoder_norm)
    for target, block in zip(spec.layer, network.encoder, strict=True):
        _self_attention(target, block)
        _feed(target, block)


def _decoder(spec: Any, network: Network) -> None:
    spec.embeddings.weight = _array(network.embedding.weight)
    spec.position_encodings.encodings = _array(network.decoder_positions)
    _norm(spec.layer_norm, network.decoder_norm)
    for target, block in zip(spec.layer, network.decoder, strict=True):
        _self_attention(target, block)
        cross: Attention = block.cross_attention
        _norm(target.attention.layer_norm, block.cross_norm)
        _linear(target.attention.linear[0], cross.query)
        _linear(target.attention.linear[1], cross.key, cross.value)
        _linear(target.attention.linear[2], cross.out)
        _feed(target, block)
    spec.projection.weight = _array(network.embedding.weight)


def _self_attention(spec: Any, block: Block) -> None:
    attention = block.self_attention
    _norm(spec.self_attention.layer_norm, block.self_norm)
    _linear(spec.self_attention.linear[0], attention.query, attention.key, attention.value)
    _linear(spec.self_attention.linear[1], attention.out)


def _feed(spec: Any, block: Block) -> None:
    _norm(spec.ffn.layer_norm, block.feed_norm)
    _linear(spec.ffn.linear_0, block.feed_in)
    _linear(spec.ffn.linear_1, block.feed_out)


def _norm(spec: Any, norm: nn.LayerNorm) -> None:
    spec.gamma, spec.beta = _array(norm.weight), _array(norm.bias)


def _linear(spec: Any, *layers: nn.Linear) -> None:
    """Several layers become one, side by side; one without a bias counts as one of zeros."""
    spec.weight = np.concatenate([_array(layer.weight) for layer in layers])
    if any(layer.bias is not None for layer in layers):
        zeros = (np.zeros(layer.out_features, np.float32) for layer in layers)
        biases = [
            none if layer.bias is None else _array(layer.bias)
            for layer, none in zip(layers, zeros, strict=True)
        ]
        spec.bias = np.concatenate(biases)


def _array(tensor: Tensor) -> npt.NDArray[np.float32]:
    return np.asarray(tensor.detach().contiguous().numpy(), np.float32)


def main() -> None:
    checkpoint, folder = Path(sys.argv[1]), Path(sys.argv[2])
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 6
    folder.mkdir(parents=True, exist_ok=True)
    specification(load(checkpoint), seconds).save(str(folder))
    TOKENIZER.save(str(folder / "tokenizer.json"))
    features = {"feature_size": MELS, "sampling_rate": RATE, "hop_length": 160, "n_fft": 400}
    (folder / "preprocessor_config.json").write_text(json.dumps(features | {"chunk_length": seconds}))
    for file in sorted(folder.iterdir()):
        print(file.name, file.stat().st_size)


if __name__ == "__main__":
    main()
