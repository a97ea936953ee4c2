"""Which calls are made again, when, and what is told of those that aren't."""

from collections.abc import Iterator

import httpx2
import pytest

from smelt_client.attempts import SLOWEST_LOOK, TRIES, looks, next_try
from smelt_client.errors import Refused, SmeltError, StillRunning, Unreachable

REQUEST = httpx2.Request("GET", "http://smelt.invalid/")
CUT = httpx2.ReadError("cut off", request=REQUEST)
NOT_SENT = httpx2.ConnectError("nobody there", request=REQUEST)
PROBLEM = {
    "code": "validation_failed",
    "detail": "2 parts of the request are not valid.",
    "errors": [
        {"code": "invalid_value", "detail": "No such mode.", "field": "mode"},
        {"detail": "Too many."},
    ],
}


def reply(status: int, problem: object = None, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json=problem or {}, headers=headers, request=REQUEST)


def test_a_success_is_given_back() -> None:
    done = reply(202)
    assert next_try(done, 1, repeatable=False) is done


@pytest.mark.parametrize(
    ("outcome", "repeatable", "least", "most"),
    [
        (CUT, True, 0.25, 0.5),
        (NOT_SENT, False, 0.25, 0.5),
        (reply(503), False, 0.25, 0.5),
        (reply(503, **{"Retry-After": "7"}), False, 7.0, 7.0),
        (reply(429, **{"Retry-After": "30"}), True, 30.0, 30.0),
    ],
)
def test_what_may_go_better_is_tried_again(
    outcome: httpx2.Response | httpx2.TransportError, repeatable: bool, least: float, most: float
) -> None:
    pause = next_try(outcome, 1, repeatable=repeatable)
    assert isinstance(pause, float)
    assert least <= pause <= most


@pytest.mark.parametrize(
    ("outcome", "tried", "repeatable", "error", "code"),
    [
        (CUT, 1, False, Unreachable, ""),  # it may have been done
        (CUT, TRIES, True, Unreachable, ""),
        (reply(503, {"code": "busy"}), TRIES, True, Unreachable, "busy"),
        (reply(500, {"code": "internal_error"}), 1, True, Unreachable, "internal_error"),
        (
            reply(429, {"code": "credits_exhausted"}, **{"Retry-After": "86400"}),
            1,
            True,
            Refused,
            "credits_exhausted",
        ),
        (reply(404, {"code": "not_found"}), 1, True, Refused, "not_found"),
        (reply(413, "<html>"), 1, True, Refused, ""),
        (reply(413, {"code": "file_too_large"}), 1, True, Refused, "file_too_large"),
        (reply(413, {"code": 413, "message": "Too large"}), 1, True, Refused, ""),
        (reply(413, {"code": "REQUEST_TOO_LARGE"}), 1, True, Refused, ""),
        (reply(413, ["too large"]), 1, True, Refused, ""),
    ],
)
def test_what_may_not_is_told_by_its_code(
    outcome: httpx2.Response | httpx2.TransportError,
    tried: int,
    repeatable: bool,
    error: type[SmeltError],
    code: str,
) -> None:
    with pytest.raises(error) as told:
        next_try(outcome, tried, repeatable=repeatable)
    assert isinstance(told.value, Refused | Unreachable)
    assert told.value.code == code


def test_a_refusal_names_each_fault_and_when_to_come_again() -> None:
    with pytest.raises(Refused, match="mode: No such mode") as told:
        next_try(reply(422, PROBLEM, **{"Retry-After": "90"}), 1, repeatable=True)
    assert (told.value.status, told.value.retry_after) == (422, 90.0)
    assert [fault.field for fault in told.value.faults] == ["mode", None]


def test_looks_become_rarer_and_end_in_time() -> None:
    moments: Iterator[float] = iter(range(100))
    pauses = looks(10.0, lambda: float(next(moments)))
    seen = [next(pauses) for _ in range(9)]
    assert seen == [*sorted(seen[:-1]), 1.0]
    assert max(seen) <= SLOWEST_LOOK
    with pytest.raises(StillRunning, match="10 seconds"):
        next(pauses)
