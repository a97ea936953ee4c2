"""Refusals are told in the words of the command, with what to do."""

from typing import Any

import pytest

from deploy.client.wording import duration, in_words_of_the_command
from smelt_client import Refused, Unreachable

FAULT = {"code": "missing", "detail": "Choose at least one prompt.", "field": "default_prompt_names"}
TOO_LARGE = {
    "code": "file_too_large",
    "detail": "Too large.",
    "field": "files",
    "part": 1,
    "filename": "a.wav",
}


@pytest.mark.parametrize(
    ("problem", "retry_after", "said"),
    [
        ({"code": "validation_failed", "errors": [FAULT]}, None, "--prompt: Choose at least one prompt."),
        (
            {"code": "file_too_large", "errors": [TOO_LARGE, FAULT]},
            None,
            "a.wav: Too large.; --prompt: Choose at least one prompt. (`smelt usage` has the limits)",
        ),
        (
            {"code": "invalid_token", "detail": "The bearer token is not valid."},
            None,
            "http://smelt doesn't take this token (it may have expired; give a token with --token or SMELT_TOKEN "
            "(`smelt up` prints one))",
        ),
        (
            {"code": "daily_limit_reached", "detail": "Used up."},
            7_200.0,
            "Used up. (`smelt usage` has the limits) (again in 2 h)",
        ),
        ({"code": "already_finished", "detail": "Already finished."}, None, "Already finished."),
        ({}, None, "HTTP 418"),
    ],
)  # fmt: skip
def test_a_refusal_names_options_not_fields(
    problem: dict[str, Any], retry_after: float | None, said: str
) -> None:
    refused = Refused(418, problem, address="http://smelt", retry_after=retry_after)
    assert in_words_of_the_command(refused) == said


@pytest.mark.parametrize(
    ("failure", "hint"),
    [
        (
            Unreachable(detail="Nobody.", address="http://smelt"),
            " (--server or SMELT_SERVER names another service)",
        ),
        (
            Unreachable(200, detail="A page.", address="http://smelt"),
            " (--server or SMELT_SERVER names another service)",
        ),
        (Unreachable(502, detail="A proxy.", address="http://smelt"), ""),
        (Unreachable(detail="No archive."), ""),
        (Unreachable(503, {"code": "busy", "detail": "Busy."}, retry_after=40), " (again in 40 s)"),
    ],
)
def test_where_nobody_answers_it_says_how_another_is_named(failure: Unreachable, hint: str) -> None:
    assert in_words_of_the_command(failure) == f"{failure.detail}{hint}"


def test_for_python_a_refusal_names_fields() -> None:
    assert str(Refused(422, {"errors": [FAULT]})) == "default_prompt_names: Choose at least one prompt."


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (89, "89 s"), (100, "2 min"), (5_000, "83 min"), (7_200, "2 h"), (12_000, "3 h 20 min")],
)
def test_durations_are_told_by_what_matters_of_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said
