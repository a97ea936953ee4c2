"""All results of a smelt as one stream: JSON, one Markdown document, or a zip. One result is in memory at a time."""

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID

from pipeline.content.store import ContentStore, Kind, ObjectName
from pipeline.llm.prompts import DEFAULT_PROMPTS
from pipeline.smelt import Smelt, SmeltFile, SmeltOutput

OWN_PROMPT_TITLE = "Own prompt"

_TITLES = {prompt.name: prompt.title for prompt in DEFAULT_PROMPTS}
_UNSAFE_IN_ARCHIVES = re.compile(r'[<>:"|?*\\/\x00-\x1f]')
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!])")


def result_of(store: ContentStore, key: bytes, smelt_id: UUID, output: SmeltOutput) -> str:
    """One completed output's. Raises ContentMissing, ContentUnavailable, ContentTampered."""
    return store.get(ObjectName(smelt_id, output.id, Kind.RESULT, output.attempt), key).decode()


@dataclass(frozen=True)
class Results:
    """A smelt whose outputs are all completed, and the key to its content."""

    smelt: Smelt
    store: ContentStore
    key: bytes

    @cached_property
    def files(self) -> dict[UUID, SmeltFile]:
        return {file.id: file for file in self.smelt.files}

    def markdown(self, output: SmeltOutput) -> str:
        """Raises ContentMissing, ContentUnavailable, ContentTampered."""
        return result_of(self.store, self.key, self.smelt.id, output)

    def as_json(self) -> Iterator[bytes]:
        separator = b'{"outputs":['
        for output in self.smelt.outputs:
            entry = {
                "id": str(output.id),
                "file_id": output.file_id and str(output.file_id),
                "filename": self._filename(output),
                "default_prompt_name": output.default_prompt_name,
                "user_prompt_id": self._user_prompt_id(output),
                "markdown": self.markdown(output),
            }
            yield separator + json.dumps(entry, ensure_ascii=False).encode()
            separator = b","
        yield b"]}" if self.smelt.outputs else b'{"outputs":[]}'

    def as_document(self) -> Iterator[bytes]:
        """A heading for each file where there are several, one for each prompt, then the result as it is."""
        last = None
        for output in self.smelt.outputs:
            filename = self._filename(output)
            if filename is not None and output.file_id != last and len(self.smelt.files) > 1:
                yield f"# {_literal(filename)}\n\n".encode()
            last = output.file_id
            yield f"# {_title(output)}\n\n{self.markdown(output).strip()}\n\n".encode()

    def as_zip(self) -> Iterator[bytes]:
        """A file for each result, in a folder for each input; read by any unzip program."""
        sink = _Sink()
        when = (self.smelt.finished_at or datetime.now(UTC)).astimezone(UTC).timetuple()[:6]
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            for output in self.smelt.outputs:
                entry = zipfile.ZipInfo(self._path(output), when)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, self.markdown(output))
                yield sink.taken()
        yield sink.taken()

    def _filename(self, output: SmeltOutput) -> str | None:
        return None if output.file_id is None else self.files[output.file_id].filename

    def _user_prompt_id(self, output: SmeltOutput) -> str | None:
        prompt = self.smelt.user_prompt_id
        return str(prompt) if output.is_user_prompt and prompt is not None else None

    def _path(self, output: SmeltOutput) -> str:
        name = f"{output.default_prompt_name or 'own_prompt'}.md"
        if output.file_id is None:
            return name
        file = self.files[output.file_id]
        # The number keeps two files of one name apart, and reserved names harmless.
        safe = _UNSAFE_IN_ARCHIVES.sub("_", file.filename)[:100].rstrip(". ")
        return f"{file.position + 1:03d} {safe}/{name}"


class _Sink:
    """What the archive writes; it can't be sought, so zipfile puts sizes behind the data."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing to do: zipfile asks for it."""

    def close(self) -> None:
        """Nothing to do: the stream ends with the archive."""

    def taken(self) -> bytes:
        data, self._written = b"".join(self._written), []
        return data


def _title(output: SmeltOutput) -> str:
    return OWN_PROMPT_TITLE if output.default_prompt_name is None else _TITLES[output.default_prompt_name]


def _literal(text: str) -> str:
    """The text as Markdown that shows it as it is."""
    return _MARKUP.sub(r"\\\1", text)
