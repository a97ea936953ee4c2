"""Who speaks is shown, and given names, from the command line; against a service that is made up."""

import json
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from deploy.client.client import Client
from smelt_client import Refused
from smelt_client.calls import Call
from smelt_client.models import SmeltReply
from tests.support.smelt_replies import file, smelt

SMELT_ID = UUID(int=7)
TOLD = [{"label": "S1", "seconds": 61.25}, {"label": "S2", "seconds": 3.0}]
MEETING = file(1, input_type="audio", filename="meeting.m4a", speakers=TOLD)
CALL = file(2, input_type="audio", filename="call.wav", speakers=TOLD[:1])
NOTE = file(3, input_type="text", filename="note.md", speakers=None)
UNTOLD = file(4, input_type="audio", filename="talk.mp3", speakers=None)


class Service:
    """One smelt. `names`: by file and label; `put`: what was sent."""

    def __init__(self, whole: SmeltReply) -> None:
        self._smelt = whole
        self.names: dict[UUID, dict[str, str]] = {each.id: {} for each in whole.files}
        self.put: list[dict[str, str]] = []

    def do(self, call: Call[Any]) -> object:
        if call.path == f"/v1/smelts/{SMELT_ID}":
            return call.read(self._smelt.model_dump_json().encode())
        of = next(each for each in self._smelt.files if f"/files/{each.id}/speakers" in call.path)
        if of.speakers is None:
            raise Refused(409, {"code": "no_speakers", "detail": "Speakers were not told apart."})
        if call.method == "PUT":
            assert call.body is not None
            self.put.append(json.loads(call.body.model_dump_json()))
            self.names[of.id] = {label: name for label, name in self.put[-1].items() if name}
        shown = [{**each.model_dump(), "name": self.names[of.id].get(each.label)} for each in of.speakers]
        return call.read(json.dumps({"speakers": shown}).encode())


def made(monkeypatch: pytest.MonkeyPatch, *files: Any) -> Service:
    service = Service(smelt(*files, id=SMELT_ID))
    monkeypatch.setattr(Client, "do", lambda _, call: service.do(call))
    return service


def run(*arguments: object) -> Result:
    variables = {"SMELT_SERVER": "http://smelt", "SMELT_TOKEN": "", "HOME": "/nowhere"}
    return CliRunner().invoke(app, ["speakers", str(SMELT_ID), *map(str, arguments)], env=variables)


def test_without_names_each_speaker_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    service = made(monkeypatch, MEETING, NOTE, CALL, UNTOLD)
    service.names[MEETING.id] = {"S2": "Bob\tB."}
    answer = run()
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout.splitlines() == [
        "S1\t61.2\t\tmeeting.m4a",
        "S2\t3.0\tBob�B.\tmeeting.m4a",
        "S1\t61.2\t\tcall.wav",
    ]
    assert run("--file", "call.wav").stdout.splitlines() == ["S1\t61.2\t\tcall.wav"]
    assert json.loads(run("--file", CALL.id, "--json").stdout) == {
        "file": "call.wav",
        "speakers": [{"label": "S1", "seconds": 61.25, "name": None}],
    }
    assert service.put == []


def test_names_are_given_and_those_before_stay_unless_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    service = made(monkeypatch, MEETING, NOTE, UNTOLD)
    assert run("S1=Alice = A", "S2=Bob").stdout.splitlines() == [
        "S1\t61.2\tAlice = A\tmeeting.m4a",
        "S2\t3.0\tBob\tmeeting.m4a",
    ]
    assert run("S2=Rob").exit_code == 0
    assert run("S1=").stdout.splitlines()[0] == "S1\t61.2\t\tmeeting.m4a"
    assert service.put == [
        {"S1": "Alice = A", "S2": "Bob"},
        {"S1": "Alice = A", "S2": "Rob"},
        {"S1": "", "S2": "Rob"},
    ]


def test_of_several_recordings_the_one_that_is_meant_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = file(5, input_type="audio", filename="call.wav", speakers=TOLD)
    service = made(monkeypatch, MEETING, CALL, twin)
    assert run("--file", "meeting.m4a", "S1=Ann").exit_code == 0
    assert run("--file", twin.id, "S1=Ann").exit_code == 0
    assert [number for number, names in service.names.items() if names] == [MEETING.id, twin.id]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Alice"], "'Alice' names no speaker: it must be like S1=Alice"),
        (["=Alice"], "'=Alice' names no speaker"),
        (["S1=Ann", "S1=Bob"], "S1 is given two names"),
        (["S1=Ann"], "--file must say which recording is meant"),
        (["--file", "none.wav"], "the smelt has no recording none.wav"),
        (["--file", "note.md"], "the smelt has no recording note.md"),
    ],
)
def test_what_names_no_speaker_or_no_recording_is_wrongly_called(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    service = made(monkeypatch, MEETING, NOTE, CALL)
    answer = run(*arguments)
    assert (answer.exit_code, len(answer.stderr.splitlines())) == (2, 1), answer.output
    assert said in answer.stderr
    assert service.put == []


@pytest.mark.parametrize(
    ("files", "code", "said"), [([UNTOLD], 3, "not told apart"), ([NOTE], 2, "no recording")]
)
def test_where_nobody_was_told_apart_the_service_says_so(
    monkeypatch: pytest.MonkeyPatch, files: list[Any], code: int, said: str
) -> None:
    made(monkeypatch, *files)
    answer = run("S1=Ann")
    assert (answer.exit_code, len(answer.stderr.splitlines())) == (code, 1), answer.output
    assert said in answer.stderr
