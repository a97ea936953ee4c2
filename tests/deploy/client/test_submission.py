"""What the service can't take of what nobody named is left out, and texts without a prompt get one."""

import re
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest

from api.openapi.examples import EXAMPLES
from deploy.client.client import Client
from deploy.client.config import find_text_prompt
from deploy.client.selection import Input, Selection
from deploy.client.submission import SubmitOptions, planned, submit, submit_all
from smelt_client import Misused, Refused

ACCEPTED = httpx2.Response(202, json=EXAMPLES["AcceptedSmelt"])
NO_PROMPT: dict[str, object] = {
    "code": "missing",
    "field": "default_prompt_names",
    "detail": "Choose at least one prompt.",
}


def refusal(*faults: dict[str, object]) -> httpx2.Response:
    return httpx2.Response(422, json={"code": "validation_failed", "detail": "No.", "errors": list(faults)})


def bad(part: int) -> dict[str, object]:
    return {
        "code": "unsupported_format",
        "field": "files",
        "part": part,
        "detail": "Images are not supported.",
    }


class Posts(Client):
    """Answers with each of `answers` in turn."""

    def __init__(self, *answers: httpx2.Response) -> None:
        super().__init__("http://smelt")
        self.bodies: list[str] = []
        self.keys: list[str] = []
        self._answers = list(answers)
        self._http = httpx2.Client(base_url="http://smelt", transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(request.read().decode())
        self.keys.append(request.headers["idempotency-key"])
        return self._answers.pop(0)

    @property
    def sent(self) -> list[list[str]]:
        return [re.findall(r'filename="([^"]+)"', body) for body in self.bodies]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("a.md", "b.bin", "c.md")]
    for path in paths:
        path.write_text("text")
    return paths


def sent(
    client: Client, batch: Sequence[Input], found: set[Path], text_prompt: str | None = None
) -> list[str]:
    """What is said of it."""
    said: list[str] = []
    submit(client, batch, SubmitOptions({}, text_prompt), found, said.append, key="key")
    return said


def test_a_found_file_that_is_refused_is_left_out_and_the_rest_sent(files: list[Path]) -> None:
    client = Posts(refusal(bad(1)), ACCEPTED)
    said = sent(client, files, set(files))
    assert client.sent == [["a.md", "b.bin", "c.md"], ["a.md", "c.md"]]
    assert said == [f"skipped: {files[1]}: Images are not supported."]
    assert client.keys == ["key-0", "key-1"]  # a post that is changed under one key would be refused for that


@pytest.mark.parametrize(
    "faults", [[bad(1)], [bad(0), {"code": "invalid_value", "field": "language"}], [], [bad(7)]]
)
def test_what_somebody_named_or_asked_for_is_refused_as_a_whole(
    files: list[Path], faults: list[dict[str, object]]
) -> None:
    client = Posts(refusal(*faults))
    with pytest.raises(Refused):
        sent(client, files, {files[0]})
    assert len(client.bodies) == 1


def test_if_nothing_is_left_nothing_is_sent(files: list[Path]) -> None:
    client = Posts(refusal(bad(0), bad(1), bad(2)))
    assert submit(client, files, SubmitOptions({}), set(files), lambda _: None) is None
    with pytest.raises(Misused, match="takes none of the files"):
        list(submit_all(Posts(refusal(bad(0))), [files[:1]], SubmitOptions({}), set(files), lambda _: None))


def test_texts_without_a_prompt_get_one_and_that_is_said(files: list[Path]) -> None:
    client = Posts(refusal(NO_PROMPT), ACCEPTED)
    assert sent(client, files, set(), "summarize") == ["no --prompt was given: texts get `summarize`"]
    assert ["summarize" in body for body in client.bodies] == [False, True]


def test_which_is_said_once_for_all_smelts(files: list[Path]) -> None:
    said: list[str] = []
    client = Posts(refusal(NO_PROMPT), ACCEPTED, refusal(NO_PROMPT), ACCEPTED)
    batches = [files[:1], files[1:]]
    assert len(list(submit_all(client, batches, SubmitOptions({}, "summarize"), set(), said.append))) == 2
    assert said == ["no --prompt was given: texts get `summarize`"]


def test_unless_none_is_wanted(files: list[Path]) -> None:
    client = Posts(refusal(NO_PROMPT))
    with pytest.raises(Refused, match="at least one prompt"):
        sent(client, files, set(), None)


def test_what_was_sent_before_a_failure_is_told(files: list[Path]) -> None:
    said: list[str] = []
    client = Posts(ACCEPTED, refusal())
    taken = submit_all(client, [files[:1], files[1:]], SubmitOptions({}), set(), said.append)
    next(taken)
    with pytest.raises(Refused):
        next(taken)
    assert said == [f"of 2 smelts 1 were sent; the first file not to be: {files[1]}"]


def test_a_text_that_was_not_sent_is_named_not_shown() -> None:
    said: list[str] = []
    taken = submit_all(
        Posts(ACCEPTED, refusal()),
        [["first"], ["A secret.\n" * 1_000]],
        SubmitOptions({}),
        set(),
        said.append,
    )
    next(taken)
    with pytest.raises(Refused):
        next(taken)
    assert said == ["of 2 smelts 1 were sent; the first file not to be: text from stdin"]


def test_one_file_is_sent_without_asking_for_the_limits(files: list[Path]) -> None:
    assert planned(Posts(), Selection([files[0]]), combine=False, say=print) == [[files[0]]]


def test_found_files_that_are_larger_than_any_may_be_are_not_sent_to_be_refused(files: list[Path]) -> None:
    usage = {
        **EXAMPLES["UsageReply"],
        "limits": {**EXAMPLES["UsageReply"]["limits"], "audio_bytes": 4, "text_bytes": 3},
    }

    class Limited(Posts):
        def _answer(self, request: httpx2.Request) -> httpx2.Response:
            assert request.url.path == "/v1/usage"
            return httpx2.Response(200, json=usage)

    files[1].write_text("larger")
    selection = Selection(list(files), set(files))
    assert planned(Limited(), selection, combine=False, say=print) == [[files[0], files[2]]]
    assert [(each.path, each.reason) for each in selection.skipped] == [
        (files[1], "larger than 0 MB, which this tier allows")
    ]


def test_which_prompt_texts_get_is_a_setting(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    assert find_text_prompt(None, config) == "summarize"
    config.write_text('text_prompt = "none"')
    assert find_text_prompt(None, config) is None
    assert find_text_prompt("qa_format", config) == "qa_format"
    with pytest.raises(Misused, match="polish"):
        find_text_prompt("polish", config)
