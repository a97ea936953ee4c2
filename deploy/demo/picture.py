"""Draw `docs/terminal.svg`: what a terminal shows of `smelt submit`, from a run of it on the demo's files.

Run by hand when that changes: `python -m deploy.demo.picture`.
"""

import io
import re
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from api.schemas.smelts import SmeltReply
from deploy.client.client import Client
from deploy.client.pace import Pace
from deploy.client.progress import drawn
from deploy.demo.demonstration import MEETING, MODEL, DemoSettings
from deploy.local_users import LOCAL_EMAIL, ensure_local_user, mint
from deploy.supervisor.service import Service

TARGET = Path(__file__).parents[2] / "docs" / "terminal.svg"
COMMAND = "smelt submit meeting.m4a notes.md --combine --prompt action_items -o -"
WIDTH = 120  # columns
FONT = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)  # one that would be loaded from the network


def main() -> None:
    with TemporaryDirectory(dir="/tmp") as folder:  # a socket's path in it has to be short
        settings = DemoSettings.model_validate(
            {"data_dir": folder, "port": 0, "whisper_model": MODEL, "whisper_compute_type": "int8"}
        )
        with Service(settings, lambda _process, _line: None, isolated=True) as service:
            user = ensure_local_user(service.owner_url)
            token = mint(
                service.settings.need("jwt_secret"), service.settings.jwt_audience, user, LOCAL_EMAIL
            )
            with Client(service.address, token, trust_env=False) as client:
                smelt = _ended(client)
                markdown = client.results(smelt.id, "text/markdown").decode()
    TARGET.write_text(picture(smelt, markdown))
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")


def _ended(client: Client) -> SmeltReply:
    smelt: SmeltReply = client.submit(MEETING, mode="combine", default_prompt_names=["action_items"])
    while not smelt.status.terminal:
        time.sleep(0.2)
        smelt = client.get(smelt.id)
    return smelt


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
