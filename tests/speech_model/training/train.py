"""Step 2: train. `python -m tests.speech_model.training.train FOLDER MINUTES SECONDS CHECKPOINT [START]`

FOLDER holds the phrases, SECONDS is the longest window, CHECKPOINT is written once in a while and at the end. With
START, an earlier checkpoint, this is the second stage: full windows and long prompts from the beginning.
"""

# torch is needed to make the model, never to run the service, so it is no dependency and may be missing
# mypy: disable-error-code="import-not-found,misc"

import random
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from tests.speech_model.training.bank import load_bank
from tests.speech_model.training.batches import Batch, make_batch
from tests.speech_model.training.convert import load
from tests.speech_model.training.network import Network
from tests.speech_model.training.tokenizer import SIZE
from tests.speech_model.training.windows import WindowMaker

_BATCH_SIZES = {2.5: 48, 4.0: 32, 6.0: 24, 10.0: 16}  # by window length in seconds
# (until this share of the time, shares of short, middle and full windows): short ones first, or nothing is learnt
_CURRICULUM = (
    (0.18, (1.0, 0.0, 0.0)),
    (0.32, (0.4, 0.6, 0.0)),
    (0.7, (0.15, 0.3, 0.55)),
    (1.0, (0.03, 0.07, 0.9)),
)
_SECOND_STAGE_FROM = 0.7
_REPORT_SECONDS = 90


def learning_rate(done: float, step: int, *, second: bool) -> float:
    """`done` is the share of the time that is used up."""
    falling = 0.01 + 0.99 * (1 - done) / (1 if second else 0.65)
    if second:
        return 8e-4 * min(1.0, (step + 1) / 50) * falling
    return 1.5e-3 * min(1.0, (step + 1) / 150) * (1.0 if done < 0.35 else falling)


def window_seconds(done: float, longest: float) -> float:
    shares = next(shares for until, shares in _CURRICULUM if done < until or until == 1.0)
    return random.choices([2.5, 4.0, longest], shares)[0]  # noqa: S311 - no secret


def loss_of(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
    """The whole loss, and the cross-entropy in it. CTC and supervised attention teach it to listen, not to guess."""
    heard, bias = network.encode(batch.mels)
    logits, attended = network.decode(batch.ids, heard, bias)
    entropy = F.cross_entropy(logits.flatten(0, 1), batch.wanted.flatten(), ignore_index=-100)
    spoken = network.ctc(heard[:, :-1]).log_softmax(-1).transpose(0, 1)
    ctc = F.ctc_loss(spoken, batch.ctc_words, batch.ctc_lengths, batch.ctc_counts, zero_infinity=True)
    # The last layer looks at the word to come (word times are read off it), the second at the word just read
    ahead = _missed(attended[-1], batch.where, batch.located)
    behind = _missed(
        attended[1], F.pad(batch.where, (0, 0, 1, 0))[:, :-1], F.pad(batch.located, (1, 0))[:, :-1]
    )
    return entropy + 0.3 * ctc + 0.2 * ahead + 0.1 * behind, entropy


def _missed(weights: Tensor, where: Tensor, located: Tensor) -> Tensor:
    """How little of the first two heads' attention lies where the word is."""
    mass = (weights[:, :2].mean(1) * where).sum(-1) + 1e-6
    return -(mass.log() * located).sum() / located.sum().clamp(min=1)


def train(
    maker: WindowMaker, network: Network, minutes: float, longest: float, target: Path, *, second: bool
) -> None:
    matrices = [weight for weight in network.parameters() if weight.ndim >= 2]
    others = [weight for weight in network.parameters() if weight.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1.5e-3, betas=(0.9, 0.98))
    began, reported, step = time.monotonic(), 0.0, 0
    while (used := time.monotonic() - began) < minutes * 60:
        done = used / (minutes * 60)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(done, step, second=second)
        stage = _SECOND_STAGE_FROM + (1 - _SECOND_STAGE_FROM) * done if second else done
        seconds = window_seconds(stage, longest)
        long_share = 0.5 if second else 0.12
        batch = make_batch(maker, _BATCH_SIZES[seconds], seconds, prompts=stage > 0.4, long_share=long_share)
        loss, entropy = loss_of(network, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        if used - reported > _REPORT_SECONDS:
            print(f"{used:.0f} s, step {step}, cross-entropy {entropy.item():.3f}", flush=True)
            reported = used
            save(network, target)
    save(network, target)


def save(network: Network, target: Path) -> None:
    torch.save({"shape": network.shape, "weights": network.state_dict()}, target)


def main() -> None:
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    folder, minutes, longest, target = (
        Path(sys.argv[1]),
        float(sys.argv[2]),
        float(sys.argv[3]),
        Path(sys.argv[4]),
    )
    start = Path(sys.argv[5]) if len(sys.argv) > 5 else None
    network = load(start) if start else Network(SIZE)
    maker = WindowMaker(load_bank(folder / "train.npz"), seed=0)
    train(maker, network, minutes, longest, target, second=start is not None)


if __name__ == "__main__":
    main()
