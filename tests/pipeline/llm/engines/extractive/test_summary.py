"""What the summary and the list of tasks make of a meeting, written down or spoken."""

import pytest

from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.extractive.engine import ExtractiveEngine
from pipeline.llm.engines.extractive.roles import Role, role_of
from pipeline.speech.transcript import Segment, Transcript
from pipeline.states import DefaultPromptName

MINUTES = """\
# Meeting of the garden club

## Present

- Ann Smith (chair), Bob Jones and Carol White of the board
- Dora Black, Emil Green and Fritz Brown for the members

## Report

The chair opened the meeting and told the members of the work that was done in the spring.
She thanked all of those who had helped with it. The fence was not repaired, since the wood came late.
Bob Jones moved that the club buy a new shed for the tools of the members. Motion carried.
The budget will be a matter of the next meeting.

| item | cost |
|---|---|
| shed | 900 |

## Decisions

- Shed: at most 900 euros

## Action items

- Bob to order the shed by Friday
- Letter to the council (Ann)

## Open questions

Who will take care of the roses in the summer?
"""
SPEECH = (
    "Good morning, everybody.",
    "I talked to Daniel about the release of the new version yesterday.",
    "He will write the contract by Wednesday.",
    "So we agreed to keep the release on the nineteenth.",
    "Sarah Miller will send the numbers to the customer by Friday.",
    "I'll ask operations for a copy of the data first.",
    "They need to know by Tuesday.",
    "The budget will be fine.",
)
CHAT = "Ann: Who asks the council about the wood?\nBob: I will ask them on Monday.\nAnn: Good, thank you for that.\n"


def _lines(name: DefaultPromptName, transcript: Transcript) -> list[str]:
    document = Document("x", transcript)
    markdown = ExtractiveEngine().apply(PromptSpec(name), [document], lambda _share: None).markdown
    return [line for line in markdown.split("\n---\n")[0].splitlines() if line]


def _spoken(*sentences: str) -> Transcript:
    return Transcript(
        tuple(Segment(i * 4.0, i * 4 + 3.5, text) for i, text in enumerate(sentences)), "en", 60.0
    )


def test_minutes_give_decisions_tasks_and_questions_and_no_list_of_who_was_there() -> None:
    lines = _lines(DefaultPromptName.SUMMARIZE, Transcript.of_text(MINUTES))
    assert lines[:9] == [
        "## Decisions",
        "- Bob Jones moved that the club buy a new shed for the tools of the members. Motion carried. [line 12]",
        "- Shed: at most 900 euros [line 21]",
        "## Tasks",
        "- [ ] **Bob**: Bob to order the shed by Friday (due: by Friday) [line 25]",
        "- [ ] Letter to the council (Ann) [line 26]",
        "## Open questions",
        "- Who will take care of the roses in the summer? [line 30]",
        "## Key sentences",
    ]
    points = "\n".join(lines[9:])
    assert "The fence was not repaired" in points
    assert not any(word in points for word in ("Ann Smith", "Dora", "She", "900", "|"))


def test_a_point_of_a_list_gives_context_to_its_own_sentences_alone() -> None:
    text = (
        "- Ann moved that the club buy a shed for the tools\n  of its members. Motion carried.\n"
        "- Bob told the members of the wood that came late.\n- Motion rejected.\n"
    )
    assert _lines(DefaultPromptName.SUMMARIZE, Transcript.of_text(text))[:3] == [
        "## Decisions",
        "- Ann moved that the club buy a shed for the tools of its members. Motion carried. [line 1]",
        "- Motion rejected. [line 4]",
    ]


def test_speech_gives_owners_by_name_alone_and_pronouns_with_what_they_stand_for() -> None:
    assert _lines(DefaultPromptName.ACTION_ITEMS, _spoken(*SPEECH)) == [
        "- [ ] I talked to Daniel about the release of the new version yesterday. He will write the contract by "
        "Wednesday. (due: by Wednesday) [0:00:04]",
        "- [ ] **Sarah Miller**: Sarah Miller will send the numbers to the customer by Friday. (due: by Friday) "
        "[0:00:16]",
        "- [ ] I'll ask operations for a copy of the data first. They need to know by Tuesday. (due: by Tuesday) "
        "[0:00:20]",
    ]


def test_what_was_agreed_is_a_decision_and_no_task() -> None:
    lines = _lines(DefaultPromptName.SUMMARIZE, _spoken(*SPEECH))
    assert lines[:2] == ["## Decisions", "- So we agreed to keep the release on the nineteenth. [0:00:12]"]
    assert sum("agreed" in line for line in lines) == 1


def test_who_says_i_is_known_where_speakers_are_named() -> None:
    lines = _lines(DefaultPromptName.ACTION_ITEMS, Transcript.of_text(CHAT))
    assert lines == ["- [ ] **Bob**: Bob: I will ask them on Monday. (due: on Monday) [line 2]"]


def test_what_has_no_end_of_a_sentence_is_not_quoted_as_one() -> None:
    text = (
        "The members of the club met in the hall and talked. " * 5
        + "It was so late that the "
        + "word " * 3000
    )
    lines = _lines(DefaultPromptName.SUMMARIZE, Transcript.of_text(text))
    assert all("word word" not in line for line in lines)


def test_a_sentence_that_may_have_begun_in_the_line_before_is_not_quoted() -> None:
    text = (
        "Wir haben uns am Anfang des\nWinters getroffen und über die vielen Wege durch den Wald gesprochen.\n"
        "Danach war es im Garten für alle zu kalt. Die Kinder haben im Haus mit dem Hund gespielt.\n"
    )
    lines = _lines(DefaultPromptName.SUMMARIZE, Transcript.of_text(text))
    assert not any(line.startswith("- Winters") for line in lines)
    assert any("Die Kinder haben" in line for line in lines)


def test_sentences_without_full_stops_are_told_apart() -> None:
    said = (
        "carol will finish the design",
        "the release moves to thursday of next week",
        "the team agreed",
        "okay thanks",
    )
    lines = _lines(DefaultPromptName.SUMMARIZE, _spoken(*said))
    assert lines == [
        "## Decisions",
        "- the release moves to thursday of next week / the team agreed [0:00:04]",
        "## Tasks",
        "- [ ] **carol**: carol will finish the design [0:00:00]",
        "## Key sentences",
        "- okay thanks [0:00:12]",
    ]


def test_a_short_answer_is_one_and_what_is_below_the_next_heading_is_none() -> None:
    text = "Do the members want a new shed? Yes. They do.\n\nWho will pay for it?\n\n## Other\n\nThe sun shone.\n"
    assert _lines(DefaultPromptName.QA_FORMAT, Transcript.of_text(text)) == [
        "**Q: Do the members want a new shed?** [line 1]",
        "A: Yes. They do.",
        "**Q: Who will pay for it?** [line 3]",
        "*Nothing in the input follows this question.*",
    ]


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        ("Action items", Role.TASKS),
        ("4. To do", Role.TASKS),
        ("Next steps for all of us", Role.TASKS),
        ("GitHub Actions", Role.BODY),
        ("Decisions and votes", Role.DECISIONS),
        ("Beschlüsse", Role.DECISIONS),
        ("Decision theory", Role.BODY),
        ("Apologies", Role.ROLL),
        ("The present state", Role.BODY),
        ("参会人员", Role.ROLL),
        ("Report", Role.BODY),
    ],
)
def test_a_heading_tells_what_is_below_it(heading: str, role: Role) -> None:
    assert role_of(heading) is role


def test_in_a_chain_of_tasks_the_first_keeps_its_owner() -> None:
    """Each is quoted with the one before it alone: the first would be lost behind two that point back."""
    spoken = _spoken(
        "Anna will write the report.", "She will send it to Bob.", "She will also book the room."
    )
    told = "\n".join(_lines(DefaultPromptName.ACTION_ITEMS, spoken))
    assert all(sentence in told for sentence in ("Anna will write", "send it to Bob", "book the room"))


@pytest.mark.parametrize("apostrophe", ["'", "\u2019"])
def test_a_decision_is_one_with_either_apostrophe(apostrophe: str) -> None:
    spoken = _spoken(f"We{apostrophe}re going to go with the second offer.", "The weather was fine all week.")
    told = _lines(DefaultPromptName.SUMMARIZE, spoken)
    assert any("Decisions" in line for line in told)


def test_who_was_there_is_known_as_an_owner_without_a_list_of_tasks() -> None:
    text = (
        "Present: Bob Jones, Carol White\n\nWe talked about the shed of the club. Bob to call the council tomorrow.\n"
        "Back to the shed. Thanks to Carol for the wood. Carol and Bob to paint it in the spring.\n"
    )
    assert _lines(DefaultPromptName.ACTION_ITEMS, Transcript.of_text(text)) == [
        "- [ ] **Bob**: Bob to call the council tomorrow. (due: tomorrow) [line 3]",
        "- [ ] **Carol and Bob**: Carol and Bob to paint it in the spring. [line 4]",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "Let's talk about the release.",
        "If you will excuse me, I will say nothing.",
        "Ann voted, and I voted.",
    ],
)
def test_what_only_opens_a_talk_or_is_supposed_is_no_task(said: str) -> None:
    spoken = _spoken(said, "The weather was fine all week.")
    assert _lines(DefaultPromptName.ACTION_ITEMS, spoken) == [
        "No action items were found by the engine's cue words."
    ]


def test_what_one_of_them_voted_for_is_not_what_was_decided() -> None:
    spoken = _spoken("I voted against the bridge at that time.", "The weather was fine all week.")
    assert not any("Decisions" in line for line in _lines(DefaultPromptName.SUMMARIZE, spoken))


def test_what_mail_programs_put_below_a_letter_is_not_quoted() -> None:
    text = (
        "The landlord gives us the cellar until the end of March. The movers want more than we have for it.\n\n"
        "This e-mail may contain confidential information. If you are not the intended recipient, please delete it.\n"
    )
    told = "\n".join(_lines(DefaultPromptName.SUMMARIZE, Transcript.of_text(text)))
    assert "cellar" in told
    assert "delete" not in told
    assert "confidential" not in told
