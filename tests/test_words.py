"""One word for one thing: words that the field has better ones for don't return, nor pronouns for what is no person."""

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DATA = ("CHANGELOG.md", "LICENSE", "tests/test_words.py")
PROSE = (".md", ".toml", ".sh", ".sql", ".html", ".js", ".css", "Makefile", "Procfile", ".ci/run")
PRONOUNS = re.compile(r"\b(?:she|hers?|herself)\b", re.IGNORECASE)
# As a word or as a part of a name. Left out: what has another meaning too, such as a key ring, a house rule, a mark.
RETIRED = re.compile(
    r"(?i:doorbell|safety_?net|almanac|misfortune|zygote|headway|overtime|next_tags|_tagged|whole_at)"
    r"|\bstand_in\b|\btook_place\b|_hers\b|\bpulses?\b|\bSULK|\bCrowd\b|\bWish\b|\bwakes?_|\b(?:wake|ring)\(|\bOF_QUEUES\b"
)


def files() -> Iterator[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return (name for name in listed.splitlines() if name not in DATA and (ROOT / name).exists())


def written(name: str, sought: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """What a file says in the project's own words, by line: all of it, or of Python names, comments and docstrings, as
    other strings are what users, models and speakers say. Nothing where what is sought isn't in it at all.
    """
    if not name.endswith((*PROSE, ".py")) or not sought.search(text := (ROOT / name).read_text("utf-8")):
        return iter(())
    return words_of(text) if name.endswith(".py") else iter(enumerate(text.splitlines(), 1))


def words_of(source: str) -> Iterator[tuple[int, str]]:
    starts_statement = True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.NAME) or (
            token.type == tokenize.STRING and starts_statement
        ):
            yield token.start[0], token.string
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            starts_statement = token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)


@pytest.mark.parametrize("retired", [PRONOUNS, RETIRED], ids=["pronouns", "words"])
def test_no_word_of_before_is_back(retired: re.Pattern[str]) -> None:
    found = [
        f"{name}:{line}: {hit[0]}"
        for name in files()
        for line, said in written(name, retired)
        if (hit := retired.search(said))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""Tells her."""', True),
        ("x = 1  # she waits", True),
        ("def f():\n    '''Hers.'''", True),
        ("hers = 1", True),
        ("SAID = 'she said'", False),
        ("f('her',\n  'hers')", False),
        ("other, there, share = 1, 2, 3", False),
    ],
)
def test_what_users_say_is_not_ours(source: str, *, expected: bool) -> None:
    assert any(PRONOUNS.search(said) for _, said in words_of(source)) == expected


@pytest.mark.parametrize(
    "word", ["doorbell", "stand_in.poll()", "next_tags", "_hers", "wake(", "SULK_SECONDS"]
)
def test_a_word_of_before_is_noticed(word: str) -> None:
    assert RETIRED.search(word)
