"""`smelt keys`: making a key ring, and wrapping everything anew with its current key."""

import sys

import typer

from deploy.cli.running import run_command
from pipeline.settings import Settings

keys = typer.Typer(help="The key ring that wraps content keys and users' secrets.", no_args_is_help=True)


@keys.command()
def rotate() -> None:
    """Wrap every stored secret anew with the first key of SMELT_KEYRING. Safe to stop and to repeat.

    First give every process a ring with the new key as its second, then one with it as its first; then run this;
    then the old key may leave the ring. Exits with 1 if something was wrapped by a key that isn't on the ring.
    """
    from deploy.cli.rotation import rotate as rotate_keys

    def run(settings: Settings) -> None:
        if not rotate_keys(settings):
            sys.exit(1)

    run_command(run)


@keys.command()
def generate() -> None:
    """Print a new key ring of one key, for SMELT_KEYRING. Keep it secret: without it nothing that is stored opens."""
    from pipeline.content.keyring import KeyRing

    print(KeyRing.generate())
