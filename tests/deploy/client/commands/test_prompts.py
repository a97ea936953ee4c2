"""The library of one's own prompts, from the command line."""

import json
from pathlib import Path

from tests.deploy.client.conftest import Invoke


def test_prompts_are_added_changed_ordered_and_deleted(invoke: Invoke, note: Path) -> None:
    first = invoke("prompt", "add", "Minutes", note).stdout.strip()
    second = invoke("prompt", "add", "Poem", "-", stdin="Write a poem.").stdout.strip()
    assert invoke("prompt", "show", second).stdout == "Write a poem.\n"
    assert invoke("prompt", "edit", second, "--title", "Ode").exit_code == 0
    assert json.loads(invoke("prompt", "show", second, "--json").stdout)["title"] == "Ode"
    assert invoke("prompt", "show", second).stdout == "Write a poem.\n"
    ordered = invoke("prompt", "order", second, first).stdout
    assert ordered.splitlines() == [f"{second}\tOde", f"{first}\tMinutes"]
    assert invoke("prompt", "delete", first, "-y").exit_code == 0
    assert invoke("prompts").stdout.splitlines()[5:] == [f"{second}\tOde"]
    assert invoke("prompt", "list").stdout == invoke("prompts").stdout


def test_sections_hold_prompts(invoke: Invoke, note: Path) -> None:
    section = invoke("prompt", "section", "add", "Meetings").stdout.strip()
    other = invoke("prompt", "section", "add", "Others").stdout.strip()
    prompt = invoke("prompt", "add", "Minutes", note, "--section", section).stdout.strip()
    assert invoke("prompt", "section", "rename", section, "Talks").exit_code == 0
    assert invoke("prompt", "section", "order", other, section).exit_code == 0
    assert invoke("prompt", "section", "list").stdout.splitlines() == [
        f"{other}\tOthers",
        f"{section}\tTalks",
    ]
    assert json.loads(invoke("prompt", "show", prompt, "--json").stdout)["section_id"] == section
    assert invoke("prompt", "edit", prompt, "--no-section").exit_code == 0
    assert json.loads(invoke("prompt", "show", prompt, "--json").stdout)["section_id"] is None
    assert invoke("prompt", "section", "delete", section, "-y").exit_code == 0
    assert invoke("prompt", "section", "list").stdout.splitlines() == [f"{other}\tOthers"]


def test_what_is_no_title_and_no_text_is_wrongly_called(invoke: Invoke, note: Path, tmp_path: Path) -> None:
    note.with_name("bytes").write_bytes(b"\xff\xfe\0")
    for arguments in (
        ("", note),
        ("two\nlines", note),
        ("Minutes", note.with_name("bytes")),
        ("Minutes", "none"),
    ):
        answer = invoke("prompt", "add", *arguments)
        assert (answer.exit_code, len(answer.stderr.splitlines())) == (2, 1), answer.output
