"""How a line of the log looks, in both formats, and how a supervisor knows one of them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.logs import bind, bound, configure, formatter, is_event, tenant_tag
from pipeline.settings import Env, Settings
from pipeline.settings.log import LogFormat, LogLevel

log = logging.getLogger("tests.of.the.log")


class Written:
    """What a logger of this format has written."""

    def __init__(self, form: LogFormat) -> None:
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setFormatter(formatter("api", form))

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def written(request: pytest.FixtureRequest) -> Iterator[Written]:
    found = Written(getattr(request, "param", LogFormat.JSON))
    log.addHandler(found.handler)
    log.setLevel(logging.INFO)
    yield found
    log.removeHandler(found.handler)
    log.setLevel(logging.NOTSET)


def test_a_line_tells_when_who_and_what_it_belongs_to(written: Written) -> None:
    with bound(part="p1", smelt=None):
        bind(smelt="s1")
        log.warning("failed %d times", 3, extra={"code": "timed_out", "again_in": None})
    log.info("nothing in hand")
    first, second = (json.loads(line) for line in written.lines())
    assert list(first)[:6] == ["time", "level", "process", "pid", "logger", "event"]
    assert first["time"].endswith("Z")
    told = {"level": "warning", "process": "api", "logger": log.name, "event": "failed 3 times"}
    assert told.items() <= first.items()
    assert {name: first[name] for name in list(first)[6:]} == {
        "code": "timed_out",
        "part": "p1",
        "smelt": "s1",
    }
    assert list(second)[6:] == []


@pytest.mark.parametrize("written", list(LogFormat), indirect=True)
def test_what_others_say_makes_no_line_of_its_own(written: Written) -> None:
    """A name with a line break in it must not be able to look like an entry of the log."""
    log.info("asked for %s", "a\n2026 error api 1 x: forged", extra={"name_given": "b\nc"})
    [line] = written.lines()
    assert "forged" in line


def test_an_error_s_trace_is_part_of_its_entry(written: Written) -> None:
    try:
        raise ValueError("7")  # noqa: TRY301
    except ValueError:
        log.exception("it failed")
    [line] = written.lines()
    assert "ValueError: 7" in json.loads(line)["exception"]


@pytest.mark.parametrize("written", list(LogFormat), indirect=True)
def test_an_event_is_known_by_its_line(written: Written) -> None:
    for said in ("it is ready", "it is ready, almost", "not yet: it is ready, almost"):
        log.info(said)
    assert [is_event(line, "it is ready") for line in written.lines()] == [True, False, False]
    assert not any(is_event(line, "it is ready") for line in ("", "{", "[1]", '{"event": 1}', "it is ready?"))


@pytest.mark.parametrize(
    ("env", "form", "is_json"),
    [
        (Env.PRODUCTION, None, True),
        (Env.LOCAL, None, False),
        (Env.LOCAL, "json", True),
        (Env.PRODUCTION, "text", False),
    ],
)
def test_the_format_is_json_in_production_unless_told(
    env: Env, form: Any, *, is_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        configure("api", Settings(env=env, log_format=form, log_level=LogLevel.WARNING))
        log.info("too small a matter")
        log.warning("a matter")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("{") is is_json


def test_a_tenant_is_told_from_others_but_not_named() -> None:
    names = ("ip:192.0.2.1", "user:0190")
    tags = [tenant_tag(name) for name in names]
    assert len(set(tags)) == 2
    assert tags == [tenant_tag(name) for name in names]
    assert all(len(tag) == 12 and tag.isalnum() for tag in tags)
