"""Whisper's architecture (Radford et al., 2022), small, in plain torch.

faster-whisper always pads to 1,500 encoder positions. Positions past `POSITIONS` share one learned vector here, so
all that padding equals *one* extra key with log(count) added to its attention logit: training sees exactly what
inference will, at a third of the cost.
"""

# torch is needed to make the model, never to run the service, so it is no dependency and may be missing
# mypy: disable-error-code="import-not-found,misc"

import math

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

FULL = 1_500
POSITIONS = 510
PROMPT = 448
MELS = 80


def sinusoids(length: int, width: int) -> Tensor:
    """(length, width), as in Whisper."""
    scale = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(length)[:, None] * scale[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, bias: Tensor | None = None, *, causal: bool = False) -> Tensor:
        query, key, value = self._split(self.query(x)), self._split(self.key(x)), self._split(self.value(x))
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias, is_causal=causal)
        return self._join(mixed)

    def cross(self, x: Tensor, heard: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Attend to `heard` (batch, positions, width); gives the weights (batch, heads, tokens, positions) too."""
        query, key, value = (
            self._split(self.query(x)),
            self._split(self.key(heard)),
            self._split(self.value(heard)),
        )
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        weights = (scores + bias).softmax(-1)
        return self._join(weights @ value), weights

    def _split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def _join(self, x: Tensor) -> Tensor:
        return self.out(x.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, *, hears: bool) -> None:
        super().__init__()
        self.self_norm, self.self_attention = nn.LayerNorm(width), Attention(width, heads)
        if hears:
            self.cross_norm, self.cross_attention = nn.LayerNorm(width), Attention(width, heads)
        self.feed_norm = nn.LayerNorm(width)
        self.feed_in, self.feed_out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def feed(self, x: Tensor) -> Tensor:
        return x + self.feed_out(F.gelu(self.feed_in(self.feed_norm(x))))


class Network(nn.Module):
    def __init__(
        self,
        tokens: int,
        *,
        width: int = 128,
        encoder_heads: int = 2,
        decoder_heads: int = 4,
        encoder_layers: int = 3,
        decoder_layers: int = 4,
        ctc_words: int = 70,
    ) -> None:
        super().__init__()
        self.shape = {
            "tokens": tokens,
            "width": width,
            "encoder_heads": encoder_heads,
            "decoder_heads": decoder_heads,
            "encoder_layers": encoder_layers,
            "decoder_layers": decoder_layers,
            "ctc_words": ctc_words,
        }
        self.conv1 = nn.Conv1d(MELS, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.encoder_positions: Tensor
        self.register_buffer("encoder_positions", sinusoids(POSITIONS, width) * 0.4)
        self.padding_position = nn.Parameter(torch.zeros(width))
        self.encoder = nn.ModuleList(Block(width, encoder_heads, hears=False) for _ in range(encoder_layers))
        self.decoder = nn.ModuleList(Block(width, decoder_heads, hears=True) for _ in range(decoder_layers))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.embedding = nn.Embedding(tokens, width)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.decoder_positions: Tensor
        self.register_buffer("decoder_positions", sinusoids(PROMPT, width) * 0.15)
        self.ctc = nn.Linear(width, ctc_words)

    def encode(self, mels: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, 80, 2T) to (batch, T + 1, width), and the bias by which the last position counts many times."""
        x = self._convolved(mels)
        positions = x.shape[1]
        x = x + self.encoder_positions[:positions]
        padding = self._convolved(mels.new_zeros(1, MELS, 12))[:, 3:4] + self.padding_position
        x = torch.cat([x, padding.expand(x.shape[0], 1, -1)], 1)
        bias = x.new_zeros(1, 1, 1, positions + 1)
        bias[..., -1] = math.log(FULL - positions)
        for block in self.encoder:
            x = x + block.self_attention(block.self_norm(x), bias.expand(-1, -1, positions + 1, -1))
            x = block.feed(x)
        return self.encoder_norm(x), bias

    def decode(self, ids: Tensor, heard: Tensor, bias: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(batch, L) ids to (batch, L, tokens) logits, and each layer's cross attention."""
        x = self.embedding(ids) + self.decoder_positions[: ids.shape[1]]
        attended = []
        for block in self.decoder:
            x = x + block.self_attention(block.self_norm(x), causal=True)
            mixed, weights = block.cross_attention.cross(block.cross_norm(x), heard, bias)
            attended.append(weights)
            x = block.feed(x + mixed)
        return self.decoder_norm(x) @ self.embedding.weight.T, attended

    def _convolved(self, mels: Tensor) -> Tensor:
        return F.gelu(self.conv2(F.gelu(self.conv1(mels)))).transpose(1, 2)
