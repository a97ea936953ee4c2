"""What the documents name in backquotes exists: files, folders, modules, identifiers, settings, targets of make.

So does what they link to, and every page is in their index.
"""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pipeline.settings import Settings, variable

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"))
)
TREES = ("api", "pipeline", "workers", "deploy", "db", "smelt_client", "tests")

DOCSTRING = re.compile(r'(?:\A|:\n)\s*""".*?"""', re.DOTALL)
COMMENT = re.compile(r"(?:^|  )#.*$", re.MULTILINE)
FENCED = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)\)")
QUOTED = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
PATH = re.compile(rf"(?<![\w/.\-])(?:{'|'.join(TREES)}|docs)/[\w./*\-]*")
FILE = re.compile(r"[\w\-]+\.(?:py|md|sql|toml|sh|lock)")
MODULE = re.compile(r"(?<=-m )[\w.]+")
TARGET = re.compile(r"^make ([a-z]+)")
IDENTIFIER = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\(\))?")

FOREIGN = frozenset({"zh_Hant_TW"})  # names of the world's: what users and other programs write


def quotations(document: str) -> Iterator[str]:
    text = FENCED.sub("", (ROOT / document).read_text())
    return (" ".join(found.split()) for found in QUOTED.findall(text))


@cache
def files() -> frozenset[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return frozenset(name for name in listed.splitlines() if (ROOT / name).exists())


@cache
def names() -> frozenset[str]:
    """All that the code calls by name: in Python without its comments and docstrings, in SQL and in configuration."""
    found: set[str] = set()
    for file in files():
        if file.endswith(".py") and file != "tests/test_documents.py":
            found |= names_in_python((ROOT / file).read_text())
        elif file.endswith(
            (
                ".sql",
                ".toml",
                ".lock",
                ".yaml",
                "rules.yml",
                "dashboard.json",
                "Makefile",
                "Procfile",
                ".sh",
                ".ci/run",
            )
        ):
            found |= set(re.findall(r"[A-Za-z_]\w*", (ROOT / file).read_text()))
    return frozenset(found | {variable(field) for field in Settings.model_fields})


def names_in_python(source: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", COMMENT.sub("", DOCSTRING.sub("", source))))


def missing(quoted: str) -> list[str]:
    """What a text in backquotes names and isn't there."""
    paths = PATH.findall(quoted)
    lost = [path for path in paths if not exists(path)]
    lost += [
        module for module in MODULE.findall(quoted) if module.split(".")[0] in TREES and not is_module(module)
    ]
    target = TARGET.match(quoted)
    if target and f"\n{target[1]}:" not in (ROOT / "Makefile").read_text():
        lost.append(quoted)
    if FILE.fullmatch(quoted) and not any(f"/{file}".endswith(f"/{quoted}") for file in files()):
        lost.append(quoted)
    identifier = IDENTIFIER.fullmatch(quoted)
    if identifier and not paths and not FILE.fullmatch(quoted) and not is_module(quoted):
        lost += [name for name in identifier[1].split(".") if name not in names() | FOREIGN]
    return lost


def exists(path: str) -> bool:
    return any(ROOT.glob(path)) if "*" in path else (ROOT / path).exists()


def is_module(name: str) -> bool:
    path = name.replace(".", "/")
    return f"{path}.py" in files() or f"{path}/__init__.py" in files()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_names_exists(document: str) -> None:
    lost = {quoted: found for quoted in quotations(document) if (found := missing(quoted))}
    assert lost == {}


@pytest.mark.parametrize("document", [*DOCUMENTS, "CHANGELOG.md", "smelt_client/README.md"])
def test_what_a_document_links_to_exists(document: str) -> None:
    path = ROOT / document
    assert [link for link in LINK.findall(path.read_text()) if not (path.parent / link).exists()] == []


def test_every_page_is_in_the_index() -> None:
    linked = {
        (ROOT / "docs" / link).resolve() for link in LINK.findall((ROOT / "docs/README.md").read_text())
    }
    pages = {(ROOT / document).resolve() for document in DOCUMENTS} - {ROOT / "docs/README.md"}
    assert pages - linked == set()


@pytest.mark.parametrize(
    "quoted",
    [
        "api/nowhere.py",
        "tests/nowhere/",
        "nowhere.py",
        "python -m tests.nowhere",
        "make nowhere",
        "nowhere_at_all",
        "NoWhere",
    ],
)
def test_what_is_not_there_is_noticed(quoted: str) -> None:
    assert missing(quoted)


def test_documents_quote_much() -> None:
    assert sum(len(list(quotations(document))) for document in DOCUMENTS) > 500
