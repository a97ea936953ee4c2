"""Batches of training windows as tensors."""

# torch is needed to make the model, never to run the service, so it is no dependency and may be missing
# mypy: disable-error-code="import-not-found,misc"

from dataclasses import dataclass

import torch
from torch import Tensor

from tests.speech_model.training.tokenizer import (
    END,
    FIRST_STAMP,
    NO_SPEECH,
    NO_STAMPS,
    PREVIOUS,
    START,
    WORD_IDS,
)
from tests.speech_model.training.vocab import WORDS
from tests.speech_model.training.windows import Target, Window, WindowMaker, log_mel, mel_power, target

_CTC_IDS = {word: number for number, word in enumerate(WORDS, start=1)}
_IGNORED = -100
_LONGEST_PROMPT = 222


@dataclass(slots=True)
class Batch:
    mels: Tensor  # (B, 80, 2T)
    ids: Tensor  # (B, L), what the decoder is given
    wanted: Tensor  # (B, L), what it should answer; -100 where nothing is asked
    where: Tensor  # (B, L, T + 1), 1 at the positions where each wanted word is said
    located: Tensor  # (B, L), 1 for words
    ctc_words: Tensor  # all windows' words, one after another
    ctc_counts: Tensor  # (B,)
    ctc_lengths: Tensor  # (B,), in positions


@dataclass(slots=True)
class _Row:
    ids: list[int]
    wanted: list[int]
    spans: list[tuple[float, float] | None]


def make_batch(
    maker: WindowMaker,
    size: int,
    seconds: float,
    *,
    augment: bool = True,
    prompts: bool = True,
    long_share: float = 0.12,
) -> Batch:
    """`prompts`: text before the window, as `condition_on_previous_text` gives it; `long_share` of them are long."""
    long = prompts and maker.rng.random() < long_share
    windows = [maker.window(seconds, augment=augment) for _ in range(size)]
    stamps = [maker.rng.random() < (0.8 if long else 0.5) for _ in windows]
    targets = [
        target(window, seconds, stamps=stamped) for window, stamped in zip(windows, stamps, strict=True)
    ]
    rows = [
        _row(window, wanted, stamped, _prompt(maker, stamped=stamped, long=long) if prompts else [])
        for window, wanted, stamped in zip(windows, targets, stamps, strict=True)
    ]
    mels = _mels(maker, windows, augment=augment)
    ids, wanted_ids, where, located = _padded(rows, mels.shape[2] // 2)
    words = [torch.tensor([_CTC_IDS[word] for word in one.words], dtype=torch.long) for one in targets]
    lengths = torch.tensor([max(2, window.filled // 320) for window in windows])
    counts = torch.tensor([len(one) for one in words])
    return Batch(mels, ids, wanted_ids, where, located, torch.cat(words), counts, lengths)


def _mels(maker: WindowMaker, windows: list[Window], *, augment: bool) -> Tensor:
    rng = maker.rng
    power = mel_power(torch.stack([torch.from_numpy(window.samples) for window in windows]))
    raised = None
    if augment:
        for one in power:
            if rng.random() < 0.15:
                one[rng.randrange(58, 80) :] *= 10 ** rng.uniform(-6, -1)
        raised = torch.tensor([rng.choice([0, 0, rng.uniform(0, 0.8)]) for _ in windows]).view(-1, 1, 1)
    mels = log_mel(power, raised)
    for one, window in zip(mels, windows, strict=True):
        frames = window.filled // 160
        one[:, max(1, frames) :] = 0.0
        if augment and rng.random() < 0.3:
            height, low = rng.randrange(1, 9), rng.randrange(0, 72)
            one[low : low + height, :frames] = one[:, :frames].mean()
    return torch.cat([mels, mels.new_zeros(len(windows), mels.shape[1], 20)], 2)


def _prompt(maker: WindowMaker, *, stamped: bool, long: bool) -> list[int]:
    rng = maker.rng
    usual = 0.3 if stamped else 0.12
    if rng.random() >= ((0.9 if stamped else 0.3) if long else usual):
        return []
    wanted = rng.randrange(1, 223 if long else 45)
    ids: list[int] = []
    while len(ids) < wanted:
        words = [WORD_IDS[word] for word in maker.any_phrase().words]
        if stamped:
            start = rng.randrange(0, 400)
            words = [FIRST_STAMP + start, *words, FIRST_STAMP + min(500, start + 100)]
        ids += words
    if rng.random() < 0.2:
        ids += [rng.randrange(END) for _ in range(rng.randrange(1, 14))]  # text of unknown words
    return [PREVIOUS, *ids[-_LONGEST_PROMPT:]]


def _row(window: Window, wanted: Target, stamped: bool, prompt: list[int]) -> _Row:
    head = [*prompt, START, *([] if stamped else [NO_STAMPS])]
    if window.silent:
        ids = [*head, FIRST_STAMP] if stamped else head
        answer = [NO_SPEECH, END]
        return _Row(ids, [_IGNORED] * len(prompt) + answer, [None] * len(ids))
    skipped = len(head) - 1
    answers: list[tuple[float, float] | None] = [None] * skipped
    return _Row(head + wanted.ids, [_IGNORED] * skipped + [*wanted.ids, END], [*answers, *wanted.spans, None])


def _padded(rows: list[_Row], positions: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    longest = max(max(len(row.ids), len(row.wanted)) for row in rows)
    ids = torch.full((len(rows), longest), END)
    wanted = torch.full((len(rows), longest), _IGNORED)
    where = torch.zeros(len(rows), longest, positions + 1)
    located = torch.zeros(len(rows), longest)
    for number, row in enumerate(rows):
        ids[number, : len(row.ids)] = torch.tensor(row.ids)
        wanted[number, : len(row.wanted)] = torch.tensor(row.wanted)
        for place, span in enumerate(row.spans):
            if span is not None:
                where[number, place, max(0, int(span[0] * 50 - 4)) : int(span[1] * 50 + 5)] = 1
                located[number, place] = 1
    return ids, wanted, where, located
