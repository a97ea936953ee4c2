"""Short texts of each kind, and whether the engine claims to sum them up."""

import pytest

from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.extractive.corpus import Corpus
from pipeline.llm.engines.extractive.engine import ExtractiveEngine
from pipeline.llm.engines.extractive.genres import Genre
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName

LICENCE = """\
Permission is hereby granted, free of charge, to any person who obtains a copy, subject to the terms of this licence.
The licensor shall not be liable for any damage that arises from the use of the software by the licensee.
The software is provided without warranty of any kind, and no provisions of law are limited by this notice.
The copyright notice shall be included in all copies and parts of the software that are given to others.
"""
README = """\
# Tool

[![build](https://x.example/b.svg)](https://x.example) ![cover](https://x.example/c.svg)

Tool turns words into numbers and is fast enough for most of us.

## Installation

Run this in the folder of the project:

    pip install tool

## Usage

Call it with the words that you want to count and read what it says.

| option | meaning |
|---|---|
| -v | says more |

## License

It is under the MIT licence.
"""
CHANGES = "".join(f"## 1.{i}.0\n\n- Fix the error that was in the part of number {i}.\n\n" for i in range(4))
PYTHON = '''\
import os


def main(argument: str) -> int:
    """Say what is in the folder and give the number of all of its files."""
    count = 0
    for name in os.listdir(argument):
        print(name)
        count += 1
    return count
'''
SETTINGS = "# the database\nDATABASE_URL=postgres://localhost/x\nSECRET=abc\nPORT=8000\n"
TABLE = "name,town,year\nAnn,Berlin,1990\nBob,Paris,1991\nCarol,Rome,1992\n"
LOG = "".join(
    f"2026-01-0{i} 10:00:0{i} INFO the server is up on port 80{i}0 and waits\n" for i in range(1, 6)
)
PAGE = "<!DOCTYPE html>\n<html>\n<body>\n<p>The team met and it was good.</p>\n</body>\n</html>\n"
POEM = "The day was long and\nThe night was cold as\nThe stars that shone on\nThe roofs of old and\nThe snow on\n"
ARTICLE = """\
The town will get a new bridge, as the council said on Tuesday. It took the members two hours to come to an end.
Most of those who live by the river had asked for one for years. The old bridge was closed after the flood of 2013.
"""
# Half of a licence's sentences are about freedom and software, with no word of the law in them.
PUBLIC_LICENCE = (
    "THE PUBLIC LICENCE\n\nVersion 3\n\n"
    + "You may run the program for any purpose that you have, and give it to whom you want to have it. " * 8
    + "This copyright notice and the disclaimer of any warranty must be kept. "
    + "We are not liable for anything that comes of it."
)
NOTES_OF_A_RELEASE = """\
Tool 2.28 Release Notes
=======================

We've adopted a convention by which all of it can be set to nothing. The command learned to complete its options.
"""
ABOUT_CODE = "The function `read_all()` in server.c calls what is named by --config and writes it. " * 20
CHINESE = "镇议会周二表示，该镇将建一座新桥。大多数住在河边的人多年来一直要求建桥。旧桥在洪水之后关闭。"  # noqa: RUF001


@pytest.mark.parametrize(
    ("text", "genre"),
    [
        pytest.param(LICENCE, Genre.LAW, id="licence"),
        pytest.param(README, Genre.DOCUMENTATION, id="readme"),
        pytest.param(PUBLIC_LICENCE, Genre.LAW, id="public licence"),
        pytest.param(ABOUT_CODE, Genre.DOCUMENTATION, id="about code"),
        pytest.param(CHANGES, Genre.CHANGES, id="changes"),
        pytest.param(NOTES_OF_A_RELEASE, Genre.CHANGES, id="notes of a release"),
        pytest.param(PYTHON, Genre.CODE, id="python"),
        pytest.param(SETTINGS, Genre.CODE, id="settings"),
        pytest.param(TABLE, Genre.CODE, id="table"),
        pytest.param(LOG, Genre.CODE, id="log"),
        pytest.param(PAGE, Genre.CODE, id="page"),
        pytest.param("```\nx = 1\n```\n", Genre.CODE, id="fence"),
        pytest.param(POEM, Genre.FRAGMENTS, id="poem"),
        pytest.param("# Nothing but a heading\n", Genre.FRAGMENTS, id="heading"),
        pytest.param(ARTICLE, Genre.PROSE, id="article"),
        pytest.param(CHINESE, Genre.PROSE, id="chinese"),
    ],
)
def test_only_running_text_is_summed_up(text: str, genre: Genre) -> None:
    document = Document("x", Transcript.of_text(text))
    assert Corpus.of([document], lambda: None).parts[0].genre is genre
    result = ExtractiveEngine().apply(
        PromptSpec(DefaultPromptName.SUMMARIZE), [document], lambda _share: None
    )
    assert ("## Key sentences" in result.markdown) == (genre is Genre.PROSE)
    assert ("*x is " in result.markdown or "*x reads like " in result.markdown) == (genre is not Genre.PROSE)


def test_a_file_called_readme_is_documentation_whatever_its_headings_say() -> None:
    corpus = Corpus.of([Document("README", Transcript.of_text(ARTICLE))], lambda: None)
    assert corpus.parts[0].genre is Genre.DOCUMENTATION


def test_a_readme_becomes_an_outline_without_badges_tables_and_code() -> None:
    document = Document("readme.md", Transcript.of_text(README))
    markdown = (
        ExtractiveEngine()
        .apply(PromptSpec(DefaultPromptName.SUMMARIZE), [document], lambda _share: None)
        .markdown.split("\n---\n")[0]
    )
    assert markdown.strip().splitlines() == [
        "*readme.md reads like documentation; sentences picked out of it would mislead. Here are its headings, each "
        "with the first sentence below it.*",
        "",
        "- **Tool** [line 1]",
        "  - Tool turns words into numbers and is fast enough for most of us. [line 5]",
        "  - **Installation** [line 7]",
        "  - **Usage** [line 13]",
        "    - Call it with the words that you want to count and read what it says. [line 15]",
        "  - **License** [line 21]",
        "    - It is under the MIT licence. [line 23]",
    ]
