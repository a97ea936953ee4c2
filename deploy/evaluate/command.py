"""The command behind `smelt evaluate`."""

from pathlib import Path

from rich.console import Console

from deploy.client.output import say
from deploy.evaluate.bar import showing
from deploy.evaluate.listening import listening
from deploy.evaluate.recordings import find_recordings
from deploy.evaluate.references import SUFFIXES
from deploy.evaluate.report import Report
from deploy.evaluate.rttm import SUFFIX as TURNS
from deploy.evaluate.speaker_report import print_speakers
from deploy.evaluate.speakers import SpeakerTrial, try_speakers
from deploy.evaluate.trial import Trial, try_out
from deploy.problems import EvaluationImpossible
from pipeline.language_names import language_code
from pipeline.settings import Settings
from pipeline.speakers.models import HOW_TO_GET_THEM


def evaluate(settings: Settings, folder: Path, language: str | None, *, as_json: bool) -> bool:
    """Prints what the model of these settings makes of a folder's recordings. Whether it could hear all of them.

    `language`: a code, a tag or a name; None: the model finds out. Raises EvaluationImpossible.
    """
    spoken = _language(language)
    found = find_recordings(folder)
    known = [(recording, recording.reference) for recording in found if recording.reference]
    turns = [recording for recording in found if recording.turns]
    skipped = [recording.name for recording in found if not (recording.reference or recording.turns)]
    beside = ", ".join((*SUFFIXES, TURNS))
    if not as_json:
        for name in skipped:
            say(f"{name} is skipped: there is no {beside} of the same name")
    if not (known or turns):
        raise EvaluationImpossible(f"{folder} has no recording with a {beside} of the same name beside it")
    trials: list[Trial] = []
    spoken_by: list[SpeakerTrial] = []
    with (
        showing(None if as_json else Console(stderr=True), len(known)) as bar,
        listening(settings) as listener,
    ):
        for recording, reference in known:
            bar.begin(recording.name)
            trial = try_out(listener, recording, reference, spoken, bar.tick)
            bar.end(trial)
            trials.append(trial)
        if listener.can_tell_speakers:
            spoken_by += [try_speakers(listener, recording) for recording in turns]
        elif turns and not as_json:
            say(HOW_TO_GET_THEM)
    _print(Report(settings, spoken, trials, skipped, spoken_by), as_json=as_json)
    return all(trial.score is not None for trial in trials) and all(told.score for told in spoken_by)


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        print(report.as_json())
        return
    if report.trials:
        report.print_table(Console())
    if report.speakers:
        print_speakers(report.speakers, Console())
    for trial in report.trials:
        for line in (trial.detail, *trial.warnings):
            if line:
                say(f"{trial.name}: {line}")
    for told in report.speakers:
        if told.detail:
            say(f"{told.name}: {told.detail}")


def _language(given: str | None) -> str | None:
    try:
        return None if given is None else language_code(given)
    except ValueError:
        raise EvaluationImpossible(f"{given!r} is no language that Whisper knows") from None
