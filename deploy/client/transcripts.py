"""The results of a smelt without prompts: its transcripts, in the format of a file's ending."""

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO

from deploy.client.client import Client
from deploy.client.failures import SmeltNotCompleted
from smelt_client import Misused
from smelt_client.calls import TranscriptFormat
from smelt_client.models import FileReply, SmeltReply

TIMED: dict[str, TranscriptFormat] = {".srt": "srt", ".vtt": "vtt", ".json": "json"}  # one transcript a file
_UNSAFE_IN_ARCHIVES = re.compile(r'[<>:"|?*\\/]')


def transcripts(client: Client, smelt: SmeltReply, ending: str) -> bytes:
    """`ending`: such as `.srt`; text unless it says more. Of a smelt that has ended those that there are.

    Raises Misused where several don't fit into one file, SmeltNotCompleted if there is none.
    """
    files = [file for file in smelt.files if file.completed or not smelt.ended]
    if not files:
        raise SmeltNotCompleted(f"not one file was transcribed ({smelt.id})")
    if ending in TIMED:
        if len(files) != 1:
            raise Misused(
                f"there are {len(files)} transcripts: they go into a .txt or a .zip, not one {ending} file"
            )
        return client.transcript(smelt.id, files[0].id, TIMED[ending]).encode()
    texts = [(file, client.transcript(smelt.id, file.id)) for file in files]
    return _archive(texts) if ending == ".zip" else _document(texts).encode()


def _document(texts: Sequence[tuple[FileReply, str]]) -> str:
    if len(texts) == 1:
        return texts[0][1]
    return "\n".join(f"# {file.filename}\n\n{text}" for file, text in texts)


def _archive(texts: Sequence[tuple[FileReply, str]]) -> bytes:
    """Numbered, as the service's own: two files may have one name."""
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in texts:
            name = _UNSAFE_IN_ARCHIVES.sub("_", file.filename)[:100]
            archive.writestr(f"{file.position + 1:03d} {name}.txt", text)
    return written.getvalue()
