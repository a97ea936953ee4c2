"""The options that the client's commands share, and how a command ends."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, NoReturn
from uuid import UUID

import typer

from pipeline.states import Channels as ChannelsWanted
from pipeline.states import DefaultPromptName

if TYPE_CHECKING:
    from deploy.client.client import Client
    from deploy.client.submission import SubmitOptions

PIPE_CLOSED = 141  # as shells tell of SIGPIPE
OPEN_FILES = 4_096

Server = Annotated[
    str | None,
    typer.Option(
        envvar="SMELT_SERVER",
        help="The service's address; none: the one that runs here.",
        rich_help_panel="Service",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        envvar="SMELT_TOKEN", help="Sign-in or machine token; none: anonymous.", rich_help_panel="Service"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, an object a line.")]
SmeltId = Annotated[UUID, typer.Argument(help="The smelt's id.", show_default=False)]
PartNames = Annotated[
    list[str] | None,
    typer.Option(
        "--part",
        help="That part alone, by its id or its name in `smelt show`; several times for several.",
        show_default=False,
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Stay until it has ended, and give its results.")]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        help="Results go here: .md, .zip or .json; without prompts .txt, .zip, .srt, .vtt or .json; "
        "a folder, there or ending with a slash: each by itself; `-`: stdout.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Prompt = Annotated[list[DefaultPromptName] | None, typer.Option(help="A default prompt; repeatable.")]
OwnPrompt = Annotated[UUID | None, typer.Option(help="The id of a prompt of yours.")]
Combine = Annotated[bool, typer.Option("--combine", help="Apply prompts once to all together.")]
Language = Annotated[str | None, typer.Option(help="What is spoken, such as `en`.")]
Translate = Annotated[bool, typer.Option("--translate", help="Write recordings down in English.")]
Vocabulary = Annotated[str | None, typer.Option(help="Names and terms that are spoken.")]
Channels = Annotated[
    ChannelsWanted | None,
    typer.Option(help="`separate`: each channel of a recording is a speaker, heard by itself."),
]
Speakers = Annotated[bool, typer.Option("--speakers", help="Tell who speaks.")]
MinSpeakers = Annotated[int | None, typer.Option(min=1, help="At least so many speak.")]
MaxSpeakers = Annotated[int | None, typer.Option(min=1, help="At most so many speak.")]
Ttl = Annotated[int | None, typer.Option(help="Seconds that the content outlives the end.")]
TextPrompt = Annotated[
    str | None,
    typer.Option(
        envvar="SMELT_TEXT_PROMPT",
        help="What texts get where no prompt is named: `summarize` unless told; `none`: nothing.",
    ),
]


def submit_options(
    *,
    prompt: list[DefaultPromptName] | None,
    own_prompt: UUID | None,
    combine: bool,
    language: str | None,
    vocabulary: str | None,
    translate: bool = False,
    ttl: int | None,
    text_prompt: str | None,
    channels: ChannelsWanted | None = None,
    speakers: bool = False,
    min_speakers: int | None = None,
    max_speakers: int | None = None,
) -> "SubmitOptions":
    """The fields of a post. Raises Misused."""
    from deploy.client.config import find_text_prompt
    from deploy.client.submission import SubmitOptions
    from smelt_client.submission import Options

    options: Options = {
        "combine": combine,
        "prompts": [name.value for name in prompt or []],
        "own_prompt": own_prompt,
        "language": language,
        "vocabulary": vocabulary,
        "translate": translate,
        "content_ttl": ttl,
        "channels": channels,
        "speakers": speakers or min_speakers is not None or max_speakers is not None,
        "min_speakers": min_speakers,
        "max_speakers": max_speakers,
    }
    return SubmitOptions(options, find_text_prompt(text_prompt))


@contextmanager
def connected(server: str | None, token: str | None) -> Iterator["Client"]:
    """A client for the block. What goes wrong in it ends the process: one line on stderr, and the exit code."""
    from deploy.client.client import Client
    from deploy.client.config import find_config
    from deploy.client.failures import exit_code
    from deploy.client.interruption import code_of, interruptible
    from deploy.client.wording import in_words_of_the_command
    from smelt_client import SmeltError

    _write_utf8()
    _allow_open_files()
    try:
        with interruptible():
            config = find_config(server, token)
            with Client(config.server, config.token) as client:
                yield client
        sys.stdout.flush()  # while it can still be told that nobody reads it
    except SmeltError as failure:
        _end(in_words_of_the_command(failure), exit_code(failure))
    except BrokenPipeError:
        end_quietly()
    except UnicodeError as error:  # such as a file's name in bytes that are no text
        _end(f"what was given can't be sent or shown: {error}", 2)
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)
    except KeyboardInterrupt as interrupt:
        _end("interrupted; what was sent goes on (smelt list, smelt cancel)", code_of(interrupt))


def end_quietly() -> NoReturn:
    """Who reads our stdout has had enough, as in `smelt list | head -1`."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())  # else Python complains of it at its exit
    sys.exit(PIPE_CLOSED)


def say_unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """One line for a mistake of the program's own, with its place: it is for whoever mends it."""
    if issubclass(kind, KeyboardInterrupt):
        print("smelt: interrupted", file=sys.stderr)
        return
    last = traceback.extract_tb(trace)[-1:]
    place = "".join(f" at {'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno}" for frame in last)
    said = " ".join(str(error).split())
    print(f"smelt: a mistake of the program's own: {kind.__name__}: {said}{place}", file=sys.stderr)


def _write_utf8() -> None:
    """Whatever the locale is: results hold any letter, and are the same on stdout as in a file."""
    if sys.stdout is None:  # it was closed, as by `>&-`
        sys.stdout = TextIOWrapper(Path(os.devnull).open("wb"))  # noqa: SIM115 - until the process ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=stream.errors)


def _allow_open_files() -> None:
    """A batch's files are open together, a thousand at the most; shells often allow fewer."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _end(line: str, exit_code: int) -> NoReturn:
    from deploy.client.output import say

    say(line)
    sys.exit(exit_code)
