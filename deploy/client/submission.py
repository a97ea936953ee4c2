"""Sends what was selected: what the service can't take of what was only found is left out, listed, the rest sent."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from deploy.client.batches import check_batches, in_batches
from deploy.client.client import Client
from deploy.client.finding import Skipped
from deploy.client.selection import Input, Selection, names_of, size_of
from smelt_client import Misused, Refused, SmeltError
from smelt_client.models import AcceptedSmelt, UsageReply
from smelt_client.submission import Input as Sent
from smelt_client.submission import Options

Say = Callable[[str], None]
Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """`options`: those of the post. `text_prompt`: what texts get where no prompt is named; None: nothing."""

    options: Options
    text_prompt: str | None = None

    @property
    def prompts(self) -> bool:
        return bool(self.options.get("prompts") or self.options.get("own_prompt"))

    def with_text_prompt(self) -> "SubmitOptions":
        return SubmitOptions({**self.options, "prompts": [self.text_prompt or ""]})


def planned(client: Client, selection: Selection, *, combine: bool, say: Say) -> list[list[Input]]:
    """A batch for each smelt. Raises Misused where they would be more than may be sent."""
    inputs = selection.inputs
    if len(inputs) == 1:
        return [inputs]
    use = client.usage()
    _leave_out_the_largest(selection, use)
    batches = in_batches([(item, size_of(item)) for item in selection.inputs], use.limits)
    note = check_batches(len(selection.inputs), len(batches), use, combine=combine)
    if note is not None:
        say(note)
    return batches


def submit_all(
    client: Client,
    batches: Sequence[Sequence[Input]],
    submit_options: SubmitOptions,
    found: set[Path],
    say: Say,
    *,
    check: Check = lambda: None,
) -> Iterator[AcceptedSmelt]:
    """Each as it is taken in. Raises as `Client.submit` does, and Misused if nothing could be taken.

    `check`: raises Misused if what prompts give isn't wanted; called before texts get one that nobody named.
    """
    taken, said = 0, set[str]()

    def say_once(line: str) -> None:
        if line not in said:
            said.add(line)
            say(line)

    for batch in batches:
        try:
            smelt = submit(client, batch, submit_options, found, say_once, check=check)
        except SmeltError:
            if taken:
                first = next(names_of(batch))
                say(f"of {len(batches):,} smelts {taken:,} were sent; the first file not to be: {first}")
            raise
        if smelt is not None:
            taken += 1
            yield smelt
    if not taken:
        raise Misused("nothing was sent: the service takes none of the files")


def submit(
    client: Client,
    batch: Sequence[Input],
    submit_options: SubmitOptions,
    found: set[Path],
    say: Say,
    *,
    check: Check = lambda: None,
    key: str | None = None,
) -> AcceptedSmelt | None:
    """None: nothing of it can be taken. Raises as `Client.submit` does.

    `check`: as above. `key`: by which the same call, after a crash, gets the same smelt. A changed post needs another
    one, made of it.
    """
    for tried in count():
        if not batch:
            return None
        try:
            options: Options = {**submit_options.options, "idempotency_key": key and f"{key}-{tried}"}
            return client.submit([_sent(item) for item in batch], **options)
        except Refused as refused:
            if (
                _lacks_a_prompt(refused)
                and submit_options.text_prompt is not None
                and not submit_options.prompts
            ):
                check()
                say(f"no --prompt was given: texts get `{submit_options.text_prompt}`")
                submit_options = submit_options.with_text_prompt()
            else:
                batch = _without_the_refused(batch, refused, found, say)
    raise AssertionError("it ends by returning or raising")


def _sent(item: Input) -> Sent:
    """A text is one whatever it says, also if a file has that name."""
    return item.encode() if isinstance(item, str) else item


def _lacks_a_prompt(refused: Refused) -> bool:
    return [(fault.field, fault.code) for fault in refused.faults] == [("default_prompt_names", "missing")]


def _without_the_refused(batch: Sequence[Input], refused: Refused, found: set[Path], say: Say) -> list[Input]:
    """Raises the refusal again unless it is about files alone that nobody named."""
    reasons = {fault.part: fault.detail for fault in refused.faults if fault.part is not None}
    if not reasons or len(reasons) < len(refused.faults) or not set(reasons) <= set(range(len(batch))):
        raise refused
    if any(batch[part] not in found for part in reasons):
        raise refused
    for part, detail in sorted(reasons.items()):
        say(f"skipped: {batch[part]}: {detail}")
    return [item for part, item in enumerate(batch) if part not in reasons]


def _leave_out_the_largest(selection: Selection, use: UsageReply) -> None:
    """Of what was only found. Raises Misused if nothing is left."""
    most = max(use.limits.audio_bytes, use.limits.text_bytes)
    large = {item for item in selection.found if size_of(item) > most}
    selection.skipped += [
        Skipped(path, f"larger than {most / 1e6:,.0f} MB, which this tier allows") for path in sorted(large)
    ]
    selection.inputs = [item for item in selection.inputs if item not in large]
    selection.found -= large
    if not selection.inputs:
        raise Misused("there is nothing to send: all files are larger than this tier allows")
