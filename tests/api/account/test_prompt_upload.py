"""A prompt as a Markdown file."""

import httpx

from tests.api.account.test_prompts import make_section

FENCED = "```sh\n# not a heading\n```\n\nWrite it.\n\n## The real one ##\n"


def upload(client: httpx.Client, content: bytes, name: str = "my prompt.md", **fields: str) -> httpx.Response:
    return client.post("/v1/prompts/upload", files={"file": (name, content, "text/markdown")}, data=fields)


TITLES = [
    ("notes.md", b"# Weekly *report*\n\nWrite it.", "Weekly *report*"),
    ("notes.md", FENCED.encode(), "The real one"),
    ("notes.md", b"~~~\n# no\n```\n~~~\n### Yes", "Yes"),
    ("weekly report.MD", b"Write it.\n#hashtag\n", "weekly report"),
    ("../../etc/évening.markdown", b"#\n\nWrite it.", "évening"),
    ("notes.md", b"\xef\xbb\xbf# With a mark\n", "With a mark"),
    ("notes.md", b"# " + b"x" * 300, "x" * 200),
    ("notes.md", b"## ##\n# In C#\n", "In C#"),
    ("notes.md", b"# a" + b" " * 3_900 + b"b", "a b"),
]


def test_the_title_is_the_first_heading_or_the_files_name(ada: httpx.Client) -> None:
    for name, content, title in TITLES:
        reply = upload(ada, content, name)
        assert reply.status_code == 201, reply.text
        assert reply.json()["title"] == title
        assert reply.json()["body"] == content.decode("utf-8-sig")
        assert ada.get(reply.headers["Location"]).json() == reply.json()


def test_what_stands_in_it_for_a_terminal_or_for_dos_is_left_out(ada: httpx.Client) -> None:
    reply = upload(ada, b"\x1b[1mWrite it.\x1b[0m\r\n\x1a", "%C3%A9vening.md")
    assert (reply.json()["title"], reply.json()["body"]) == ("évening", "Write it.\r\n")
    assert upload(ada, b"\x1b[1m\x1a").status_code == 422


def test_a_file_goes_into_the_section_that_is_named(ada: httpx.Client) -> None:
    section = make_section(ada, "Work")
    assert upload(ada, b"Write it.", section_id=section).json()["section_id"] == section
    assert upload(ada, b"Write it.", section_id="00000000-0000-7000-8000-000000000000").status_code == 422


REFUSED = [
    ("a.md", b"x" * 10_241, 413, "file_too_large"),
    ("a.md", b"x" * 200_000, 413, "file_too_large"),
    ("a.md", "語".encode() * 3_000 + b"x" * 1_001, 422, "validation_failed"),
    ("a.md", b"x" * 4_001, 422, "validation_failed"),
    ("a.pdf", b"Write it.", 415, "unsupported_format"),
    ("a.md", b"\xff\xfe# x", 422, "validation_failed"),
    ("a.md", b"a\0b", 422, "validation_failed"),
    ("a.md", b" \n", 422, "validation_failed"),
    ("a.md", "\u200b".encode(), 422, "validation_failed"),
]


def test_other_files_are_refused(ada: httpx.Client) -> None:
    for name, content, status, code in REFUSED:
        reply = upload(ada, content, name)
        assert (reply.status_code, reply.json()["code"]) == (status, code), content[:20]
    assert ada.get("/v1/prompts").json()["items"] == []


def test_the_longest_file_is_taken(ada: httpx.Client) -> None:
    content = "語".encode() * 3_120 + b"x" * 880
    assert len(content) == 10_240
    assert len(upload(ada, content).json()["body"]) == 4_000


def test_a_body_without_a_file_is_refused(ada: httpx.Client) -> None:
    for content_type in ("text/markdown", "multipart/form-data; boundary=x", "multipart/form-data"):
        reply = ada.post("/v1/prompts/upload", content=b"# Title", headers={"Content-Type": content_type})
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert 400 <= reply.status_code < 500
