"""`smelt prompts` and `smelt prompt …`: the library of your own prompts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from deploy.client.options import AsJson, Server, Token, Yes, connected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from api.schemas.library import PromptReply

PromptId = Annotated[UUID, typer.Argument(help="The prompt's id.", show_default=False)]
SectionId = Annotated[UUID, typer.Argument(help="The section's id.", show_default=False)]
Ids = Annotated[list[UUID], typer.Argument(help="In the new order; the others follow.", show_default=False)]
File = Annotated[Path, typer.Argument(help="Its text; `-`: stdin.", show_default=False)]
Title = Annotated[str, typer.Argument(help="Its title.", show_default=False)]
InSection = Annotated[UUID | None, typer.Option("--section", help="The id of the section that it is in.")]

prompt_group = typer.Typer(help="Your own prompts: add, change and order them.", no_args_is_help=True)
section_group = typer.Typer(help="The sections that your prompts are in.", no_args_is_help=True)


@prompt_group.command("list")
def prompts(*, as_json: AsJson = False, server: Server = None, token: Token = None) -> None:
    """The default prompts, and your own."""
    from deploy.client.output import print_json, print_table

    with connected(server, token) as client:
        default, own = client.default_prompts(), client.library.prompts() if client.signed_in else []
        if as_json:
            print_json(*default, *own)
            return
        rows: list[tuple[object, str]] = [(prompt.name, prompt.title) for prompt in default]
        print_table(("name or id", "title"), rows + [(prompt.id, prompt.title) for prompt in own])


@prompt_group.command("show")
def show_prompt(
    prompt_id: PromptId, *, as_json: AsJson = False, server: Server = None, token: Token = None
) -> None:
    """Print a prompt's text."""
    from deploy.client.output import print_json

    with connected(server, token) as client:
        prompt = client.library.prompt(prompt_id)
        print_json(prompt) if as_json else print(prompt.body)


@prompt_group.command("add")
def add_prompt(
    title: Title,
    file: File,
    *,
    section: InSection = None,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Add a prompt, and print its id."""
    with connected(server, token) as client:
        _say_id(client.library.add_prompt(title, _text(file), section), as_json=as_json)


@prompt_group.command("edit")
def edit_prompt(
    prompt_id: PromptId,
    *,
    title: Annotated[str | None, typer.Option(help="Its new title.")] = None,
    file: Annotated[Path | None, typer.Option(help="Its new text; `-`: stdin.")] = None,
    section: InSection = None,
    no_section: Annotated[bool, typer.Option("--no-section", help="Take it out of its section.")] = False,
    as_json: AsJson = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Change a prompt. Smelts that were sent before keep the text that they were sent with."""
    with connected(server, token) as client:
        given = {"title": title, "body": None if file is None else _text(file), "section_id": section}
        changes: dict[str, object] = {name: value for name, value in given.items() if value is not None}
        if no_section:
            changes["section_id"] = None
        _say_id(client.library.edit_prompt(prompt_id, **changes), as_json=as_json)


@prompt_group.command("delete")
def delete_prompt(
    prompt_id: PromptId, *, yes: Yes = False, server: Server = None, token: Token = None
) -> None:
    """Delete a prompt. Smelts that used it, and their results, stay."""
    from deploy.client.output import confirm

    with connected(server, token) as client:
        confirm(f"Delete the prompt {prompt_id}?", yes=yes)
        client.library.delete_prompt(prompt_id)


@prompt_group.command("order")
def order_prompts(ids: Ids, *, as_json: AsJson = False, server: Server = None, token: Token = None) -> None:
    """Put each section's prompts into this order."""
    with connected(server, token) as client:
        _print_prompts(client.library.order_prompts(ids), as_json=as_json)


@section_group.command("list")
def list_sections(*, as_json: AsJson = False, server: Server = None, token: Token = None) -> None:
    """Your sections, in their order."""
    from deploy.client.output import print_json, print_table

    with connected(server, token) as client:
        sections = client.library.sections()
        if as_json:
            print_json(*sections)
        else:
            print_table(("id", "title"), [(section.id, section.title) for section in sections])


@section_group.command("add")
def add_section(title: Title, *, server: Server = None, token: Token = None) -> None:
    """Add a section, and print its id."""
    with connected(server, token) as client:
        print(client.library.add_section(title).id)


@section_group.command("rename")
def rename_section(
    section_id: SectionId, title: Title, *, server: Server = None, token: Token = None
) -> None:
    """Give a section another title."""
    with connected(server, token) as client:
        client.library.rename_section(section_id, title)


@section_group.command("delete")
def delete_section(
    section_id: SectionId, *, yes: Yes = False, server: Server = None, token: Token = None
) -> None:
    """Delete a section. Its prompts stay, without one."""
    from deploy.client.output import confirm

    with connected(server, token) as client:
        confirm(f"Delete the section {section_id}?", yes=yes)
        client.library.delete_section(section_id)


@section_group.command("order")
def order_sections(ids: Ids, *, server: Server = None, token: Token = None) -> None:
    """Put your sections into this order."""
    with connected(server, token) as client:
        client.library.order_sections(ids)


def _text(file: Path) -> str:
    """Raises Misused for what is no text, OSError."""
    from deploy.client.output import read_stdin
    from smelt_client import Misused

    if str(file) == "-":
        return read_stdin()
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise Misused(f"{file} is not UTF-8") from None


def _say_id(prompt: "PromptReply", *, as_json: bool) -> None:
    from deploy.client.output import print_json

    print_json(prompt) if as_json else print(prompt.id)


def _print_prompts(prompts: "Iterable[PromptReply]", *, as_json: bool) -> None:
    from deploy.client.output import print_json, print_table

    if as_json:
        print_json(*prompts)
    else:
        print_table(("id", "title"), [(prompt.id, prompt.title) for prompt in prompts])
