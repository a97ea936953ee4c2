"""Draw `docs/terminal.svg`: what a terminal shows of `smelt submit`, from a run of it on the demo's files.

Run by hand when that changes: `python -m deploy.demo.picture`.
"""

import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from deploy.client.client import Client
from deploy.client.pace import Pace
from deploy.client.progress import drawn
from deploy.demo.demonstration import MEETING, demo_folder, demo_service, local_client
from smelt_client.models import SmeltReply

TARGET = Path(__file__).parents[2] / "docs" / "terminal.svg"
COMMAND = "smelt submit meeting.m4a notes.md --combine --prompt action_items -o -"
WIDTH = 120  # columns
FONT = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)  # one that would be loaded from the network


def main() -> None:
    with (
        demo_folder() as folder,
        demo_service(folder, lambda _process, _line: None) as service,
        local_client(service) as client,
    ):
        smelt = _ended(client)
        markdown = client.results(smelt.id, "text/markdown").decode()
    TARGET.write_text(picture(smelt, markdown))
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")


def _ended(client: Client) -> SmeltReply:
    posted = client.submit(MEETING, combine=True, prompts=["action_items"])
    *_, ended = client.follow(posted.id)
    return ended


def picture(smelt: SmeltReply, markdown: str) -> str:
    """As SVG: the command, the bars as they stand at the end, and the result."""
    screen = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    screen.print(Text(f"$ {COMMAND}", style="bold"))
    screen.print(drawn([smelt], Pace(), WIDTH))
    screen.print(Text(markdown.rstrip()))
    return screen.export_svg(title="Smelt", code_format=FONT.sub("", CONSOLE_SVG_FORMAT), unique_id="smelt")


if __name__ == "__main__":
    main()
