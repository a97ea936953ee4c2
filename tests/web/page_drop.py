"""What is dropped or chosen: many files, folders in folders, none at all, odd names, and files that vanish."""

from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, expect

from pipeline.settings import Settings
from tests.recordings import FOLDER
from tests.support.cast import Cast
from tests.web.conftest import NARROW, NOTE, Visit, choose, drop

SMALL = {
    "credits_inputs": 60,
    "credits_audio_bytes": 60_000,
    "credits_audio_seconds": 5.0,
    "credits_smelt_bytes": 100_000,
}
WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With limits that are soon reached, so that it shows that the page asks for them."""
    return settings.model_copy(update=SMALL)


def test_two_hundred_files_in_folders_in_folders_are_listed_in_order_and_counted(
    alone: Visit, cast: Cast, tmp_path: Path
) -> None:
    top = tmp_path / "archive"
    for number in range(200):
        folder = top / f"year {number % 2}" / f"month {number % 5}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"note {number}.txt").write_text("Ann ships on Friday.")
    (top / ".git").mkdir()
    (top / ".git" / "config").write_text("[core]")
    (top / "__MACOSX").mkdir()
    (top / "__MACOSX" / "note.txt").write_text("x")
    page = alone.page
    alone.sign_in(cast.ada)
    page.get_by_role("button", name="Send").wait_for()
    drop(page, top)
    expect(page.get_by_text("200 parts").first).to_be_visible()
    expect(page.get_by_role("alert")).to_have_text("At most 60 parts at once.")
    expect(page.get_by_text("2 hidden files were left out.")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    listed = page.locator(".parts .name").all_inner_texts()
    assert listed[:3] == ["note 0.txt", "note 10.txt", "note 20.txt"]
    assert len(set(listed)) == 200
    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_text("Add something")).to_have_count(0)
    expect(page.locator(".parts")).to_have_count(0)


def test_a_folder_without_files_says_so(alone: Visit, cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "empty" / "emptier").mkdir(parents=True)
    alone.sign_in(cast.ada)
    alone.page.get_by_role("button", name="Send").wait_for()
    drop(alone.page, tmp_path / "empty")
    expect(alone.page.get_by_text("There is no file in that.")).to_be_visible()
    expect(alone.page.get_by_role("button", name="Send")).to_be_disabled()


def test_a_drop_on_another_view_begins_a_new_smelt(alone: Visit, cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Ann ships on Friday.")
    alone.sign_in(cast.ada, "#/smelts")
    alone.page.get_by_role("heading", name="History").wait_for()
    drop(alone.page, tmp_path / "notes.txt")
    expect(alone.page.get_by_role("heading", name="New smelt")).to_be_visible()
    expect(alone.page.get_by_text("notes.txt")).to_be_visible()


def test_what_is_chosen_is_checked_against_the_limits_that_the_service_gives(
    alone: Visit, cast: Cast
) -> None:
    page = alone.page
    alone.sign_in(cast.ada)
    choose(page, str(FOLDER / "speech.mp3"), str(FOLDER / "speech.wav"))
    for said in (
        "Longer than 5 s, the longest recording.",
        "Larger than 60 kB, the most for a recording.",
        "All together larger than 100 kB.",
    ):
        expect(page.get_by_text(said).first).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_disabled()


def test_a_file_that_vanished_is_named_instead_of_sent_again_and_again(
    alone: Visit, cast: Cast, tmp_path: Path
) -> None:
    here, gone = tmp_path / "here.txt", tmp_path / "gone.txt"
    for path in (here, gone):
        path.write_text("Ann ships on Friday.")
    page = alone.page
    alone.sign_in(cast.ada)
    choose(page, str(here), str(gone))
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    gone.unlink()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("li", has_text="gone.txt")).to_contain_text("It can't be read.")
    expect(page.locator("li", has_text="here.txt")).not_to_contain_text("It can't be read.")
    page.get_by_role("button", name="Remove gone.txt").click()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", level=1, name="here.txt").wait_for()


def test_parts_are_removed_by_keyboard_without_losing_ones_place(alone: Visit, cast: Cast) -> None:
    page = alone.page
    alone.sign_in(cast.ada)
    files: list[FilePayload] = [{**NOTE, "name": f"{name}.md"} for name in "abc"]
    choose(page, *files)
    page.get_by_role("button", name="Remove b.md").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove c.md")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove a.md")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("button", has_text="Choose files")).to_be_focused()


ODD = (
    f"{'Aufzeichnung' * 20}.txt",
    "<img src=x onerror=window.ran=1>.txt",
    "a\N{RIGHT-TO-LEFT OVERRIDE}txt.exe.txt",
    "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}\N{ARABIC LETTER YEH} 1.txt",
    "\N{RIGHT-TO-LEFT OVERRIDE}" * 20 + ".txt",
)


def test_odd_names_are_shown_as_they_are_and_turn_nothing_around(alone: Visit, cast: Cast) -> None:
    page = alone.page
    alone.sign_in(cast.ada)
    files: list[FilePayload] = [{**NOTE, "name": name} for name in ODD]
    choose(page, *files)
    assert page.locator(".parts .name").all_text_contents() == list(ODD)
    assert page.locator(".parts .name bdi").count() == len(ODD)
    assert page.evaluate(WIDTH) <= NARROW[0]
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", level=1).and_(page.locator(":has(bdi)")).wait_for()
    assert page.evaluate(WIDTH) <= NARROW[0]
    expect(page.get_by_role("heading", level=2, name=ODD[1])).to_be_visible()
    expect(page.get_by_role("heading", level=2, name=ODD[3])).to_be_visible()
    alone.go("#/smelts")
    page.get_by_role("link", name=ODD[0]).wait_for()
    assert page.evaluate(WIDTH) <= NARROW[0]
    assert page.evaluate("window.ran") is None


def test_what_is_written_from_right_to_left_is_shown_so(alone: Visit, cast: Cast) -> None:
    page = alone.page
    alone.sign_in(cast.ada)
    page.get_by_role("button", name="Paste text").click()
    field = page.get_by_label("Text", exact=True)
    for written, side in (("\N{HEBREW LETTER ALEF} x", "rtl"), ("x \N{HEBREW LETTER ALEF}", "ltr")):
        field.fill(written)
        assert field.evaluate("field => getComputedStyle(field).direction") == side
