"""What the extractive engine makes of an input, for each default prompt."""

import re
import time
from itertools import pairwise

import pytest

from pipeline.errors import LostLease, WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.extractive.cues import CUES
from pipeline.llm.engines.extractive.engine import NOTICE, ExtractiveEngine
from pipeline.llm.engines.extractive.stop_words import STOP_WORDS
from pipeline.speech.transcript import Segment, Transcript
from pipeline.states import DefaultPromptName, ErrorCode

SPOKEN = (
    "alice will send the budget report by friday",
    "action item two bob will review the contract",
    "who will call the client",
    "carol will call the client on monday",
    "the budget meeting is on tuesday",
    "david needs to pay the invoice by wednesday",
    "it will be sunny on monday",
)
MEETING = Document(
    "meeting.m4a",
    Transcript(tuple(Segment(i * 4.0, i * 4 + 3.5, text) for i, text in enumerate(SPOKEN)), "en", 30.0),
)
NOTES = Document(
    "notes.md",
    Transcript.of_text(
        "# Notes\n\n## Plan\n\nWe talked to Dr. Smith about the plan and what it costs. The plan is risky for us. "
        "Is it worth the cost? Nobody there knew <script>alert(1)</script> for sure.\n\n"
        "- [ ] Order the parts\n- [x] Book the room\n\n## Other\n\nThe office moves to Berlin in June.\n"
    ),
)
FINNISH = Document(
    "muistio.txt", Transcript.of_text("Kokous pidettiin tiistaina. Budjetti hyväksyttiin kokouksessa.")
)

DUTCH = "We hebben over het plan gesproken en het was duidelijk dat er geen geld is voor het tweede deel."


def _apply(name: DefaultPromptName, *documents: Document) -> str:
    return ExtractiveEngine().apply(PromptSpec(name), documents, lambda _share: None).markdown


def _long(words: int) -> Document:
    segments = tuple(
        Segment(
            i * 3.6,
            i * 3.6 + 3.5,
            f"Topic{i // 100} number{i} is about thing{i % 97} and matter{i % 53} here today.",
        )
        for i in range(words // 10)
    )
    return Document("long.m4a", Transcript(segments, "en", words * 0.36))


@pytest.mark.parametrize("name", DefaultPromptName)
@pytest.mark.parametrize("documents", [[MEETING], [NOTES], [FINNISH], [MEETING, NOTES, FINNISH]])
def test_every_sentence_comes_from_the_input_and_the_notice_is_there(
    name: DefaultPromptName, documents: list[Document]
) -> None:
    markdown = _apply(name, *documents)
    body, notice = markdown.split("\n---\n")
    assert NOTICE in notice
    source = " ".join(" ".join(d.transcript.text.split()) for d in documents)
    source = source.replace("<script>", "").replace("</script>", "")
    for line in body.splitlines():
        text = re.sub(r" \[[^\[\]]*\]$", "", line.strip())  # the place
        text = re.sub(r" \(due: ([^()]*)\)$", "", text)
        text = re.sub(r"^(- )?(\[[ x]\] )?(\*\*\w+\*\*: |\*\*Q: |A: )?", "", text).removesuffix("**")
        own = (
            not text
            or line.startswith("#")
            or text.startswith(("No ", "*Nothing"))
            or line.strip().startswith("- **")
        )
        assert own or text in source, line


@pytest.mark.parametrize("name", DefaultPromptName)
def test_the_same_input_gives_the_same_output(name: DefaultPromptName) -> None:
    assert _apply(name, MEETING, NOTES) == _apply(name, MEETING, NOTES)


def test_it_names_itself_and_counts_no_tokens() -> None:
    result = ExtractiveEngine().apply(PromptSpec(DefaultPromptName.SUMMARIZE), [NOTES], lambda _share: None)
    assert (result.model, result.input_tokens, result.output_tokens) == ("extractive", 0, 0)


def test_action_items_name_who_what_when_and_where_it_was_said() -> None:
    items = [
        line
        for line in _apply(DefaultPromptName.ACTION_ITEMS, MEETING).splitlines()
        if line.startswith("- [")
    ]
    assert items == [
        "- [ ] **alice**: alice will send the budget report by friday (due: by friday) [0:00:00]",
        "- [ ] **bob**: action item two bob will review the contract [0:00:04]",
        "- [ ] **carol**: carol will call the client on monday (due: on monday) [0:00:12]",
        "- [ ] **david**: david needs to pay the invoice by wednesday (due: by wednesday) [0:00:20]",
    ]


def test_checkboxes_are_action_items_in_any_language() -> None:
    text = Transcript.of_text("- [ ] Osta maitoa\n- [X] Soita Matille\n")
    markdown = _apply(DefaultPromptName.ACTION_ITEMS, Document("lista.md", text))
    assert "- [ ] Osta maitoa [line 1]\n- [x] Soita Matille [line 2]" in markdown
    assert "only checkboxes were looked for" in markdown


@pytest.mark.parametrize(
    ("language", "text", "item"),
    [
        (
            "en",
            "We\u2019ll fix the door by 5 pm.",
            "- [ ] We\u2019ll fix the door by 5 pm. (due: by 5 pm)",
        ),
        ("en", "Could you send the file?", "- [ ] Could you send the file?"),
        ("de", "Anna wird den Bericht bis Freitag schicken.", "**Anna**: "),
        ("fr", "Paul doit appeler le client avant lundi.", "(due: avant lundi)"),
        ("es", "Marta tiene que pagar la factura hoy.", "**Marta**: "),
        ("it", "Lucia e Marco devono inviare il preventivo entro venerdì.", "**Lucia e Marco**: "),
        ("it", "Paola deve chiamare il cliente entro la fine mese.", "(due: entro la fine mese)"),
        ("pt", "João vai enviar o relatório até sexta-feira.", "(due: até sexta-feira)"),
        ("pt", "A Rita tem que pagar a conta amanhã.", "**Rita**: "),
        ("nl", "Pieter zal de offerte voor vrijdag sturen.", "(due: voor vrijdag)"),
        ("nl", "Sanne moet de klant bellen.", "**Sanne**: "),
        ("ru", "Иван должен отправить отчёт до пятницы.", "(due: до пятницы)"),
        ("ru", "Мария подготовит договор завтра.", "**Мария**: "),
    ],
)
def test_action_items_in_other_words(language: str, text: str, item: str) -> None:
    document = Document("x", Transcript((Segment(0, 3, text),), language, 3))
    assert item in _apply(DefaultPromptName.ACTION_ITEMS, document)


def test_every_language_whose_words_it_knows_has_its_cues() -> None:
    assert CUES.keys() == STOP_WORDS.keys()


@pytest.mark.parametrize(
    ("language", "plain"),
    [
        ("it", "La riunione è durata due ore e il cielo era blu."),
        ("pt", "A reunião durou duas horas e o céu estava azul."),
        ("nl", "De vergadering duurde twee uur en de lucht was blauw."),
        ("ru", "Встреча длилась два часа и небо было синим."),
    ],
)
def test_a_plain_sentence_is_no_action_item(language: str, plain: str) -> None:
    document = Document("x", Transcript((Segment(0, 3, plain),), language, 3))
    assert "No action items were found" in _apply(DefaultPromptName.ACTION_ITEMS, document)


def test_questions_come_with_what_follows_them() -> None:
    markdown = _apply(DefaultPromptName.QA_FORMAT, NOTES, MEETING)
    assert "**Q: Is it worth the cost?** [line 5]\n\nA: Nobody there knew" in markdown
    assert "**Q: who will call the client** [0:00:08]\n\nA: carol will call the client on monday" in markdown


def test_what_is_absent_is_said() -> None:
    plain = Document(
        "a.txt", Transcript.of_text("The sky was blue over all of the hills and it was a quiet day.")
    )
    assert "No questions were found" in _apply(DefaultPromptName.QA_FORMAT, plain)
    assert "No action items were found" in _apply(DefaultPromptName.ACTION_ITEMS, plain)


def test_a_language_it_does_not_know_is_said() -> None:
    assert "does not know the language of muistio.txt" in _apply(DefaultPromptName.SUMMARIZE, FINNISH)
    assert "does not know" not in _apply(DefaultPromptName.SUMMARIZE, MEETING)


@pytest.mark.parametrize("name", DefaultPromptName)
def test_a_declared_language_is_never_guessed(name: DefaultPromptName) -> None:
    assert "the language of x" in _apply(name, Document("x", Transcript((Segment(0, 5, DUTCH),), "af", 5)))
    assert "the language of x" not in _apply(
        name, Document("x", Transcript((Segment(0, 5, DUTCH),), "nl", 5))
    )
    assert "the language of x" not in _apply(
        name, Document("x", Transcript((Segment(0, 5, DUTCH),), None, 5))
    )


def test_contents_carry_times_for_recordings_and_headings_for_texts() -> None:
    markdown = _apply(DefaultPromptName.TABLE_OF_CONTENTS, MEETING, NOTES)
    assert markdown.index("## meeting.m4a") < markdown.index("[0:00:00]**") < markdown.index("## notes.md")
    assert "\n  - **Plan**\n" in markdown


HOSTILE = """\
# Topic <img src=x onerror=alert(1)>

Who of all the people that are asked to read it reads <img src=x onerror=alert(1)> or \\<img src=x onerror=alert(2)> to
the very end of the page, and what do they make of it in the end? Bob will read <b>it all</b> by Friday.
We will open [the plan](javascript:alert(1)) and ![a picture](http://tracker.example/x.png) of the budget on Monday.

- [ ] Ann will order [parts](javascript:alert(1)) and \\<script>alert(1)</script> parts of the plan
"""


@pytest.mark.parametrize("name", DefaultPromptName)
@pytest.mark.parametrize("files", [1, 2])
def test_nothing_of_the_input_becomes_live(name: DefaultPromptName, files: int) -> None:
    document = Document("<b>x</b> [y](javascript:alert(1)).md", Transcript.of_text(HOSTILE))
    markdown = _apply(name, *[document] * files)
    assert not re.search(r"<(?=[A-Za-z/!?])", markdown)
    assert "](" not in markdown
    assert "alert(2)" in markdown or "alert(1)" in markdown or name is DefaultPromptName.TABLE_OF_CONTENTS


def test_a_user_s_own_prompt_needs_a_model() -> None:
    with pytest.raises(WorkError, match="synthesis_failed"):
        ExtractiveEngine().apply(PromptSpec(None, "Write a poem."), [NOTES], lambda _share: None)


def test_an_input_without_sentences_is_empty() -> None:
    with pytest.raises(WorkError, match="empty_input"):
        _apply(DefaultPromptName.SUMMARIZE, Document("a.md", Transcript.of_text(" \n---\n")))


N = 100_000
HOSTILE_TEXTS = {
    "a heading's end": "# x" + " " * N + "x",
    "marks of a heading": "# x" + "#" * N + "x",
    "spaces": " " * N + "x",
    "rules": "-" * N + "x",
    "a checkbox": "- " + " " * N + "[",
    "hyphens": "a-" * (N // 2),
    "names": "they'll-" * (N // 8),
    "full stops in words": "a." * (N // 2),
    "only full stops": "." * N,
    "question marks": "?" * N,
    "lines": "\n" * N + "x",
    "one word": "x" * N,
    "one sentence": "word " * (N // 5),
    "short sentences": "Ab. " * (N // 4),
    "short questions": "Who is it? " * (N // 11),
    "different sentences": "".join(f"W{i % 997} v{i % 991} u{i % 983}. " for i in range(N // 15)),
    "headings": "# x\nYou see it.\n" * (N // 16),
    "checkboxes": "- [ ] a\n" * (N // 8),
    "signs without spaces": "\u4f1a\u8bae" * (N // 6),
}


@pytest.mark.parametrize("name", DefaultPromptName)
@pytest.mark.parametrize("kind", HOSTILE_TEXTS)
def test_time_is_linear_in_the_text_whatever_it_is_made_of(name: DefaultPromptName, kind: str) -> None:
    document = Document("x.md", Transcript.of_text(HOSTILE_TEXTS[kind]))
    begun = time.process_time()
    assert _apply(name, document)
    assert time.process_time() - begun < 2.5


HOSTILE_STRUCTURES = {
    "links": "[a](b" * (N // 5),
    "emphasis": "*a _b" * (N // 5),
    "lists in lists": "- " * (N // 2) + "x",
    "quotations in quotations": ">" * N + "x",
    "rows of a table": "|a|b|\n|-|-|\n" + "|a|b|\n" * (N // 6),
    "definitions": "[a]: b\n" * (N // 7),
    "labels": "Ann Bo: x\n" * (N // 10),
    "times": "[00:00:01] x\n" * (N // 13),
    "assignments": "A=1\n" * (N // 4),
}


@pytest.mark.parametrize("kind", HOSTILE_STRUCTURES)
def test_time_is_linear_in_what_markdown_makes_of_the_text(kind: str) -> None:
    document = Document("x.md", Transcript.of_text(HOSTILE_STRUCTURES[kind]))
    begun = time.process_time()
    assert _apply(DefaultPromptName.SUMMARIZE, document)
    assert time.process_time() - begun < 2.5


def test_very_many_headings_take_no_longer_each() -> None:
    def seconds(headings: int) -> float:
        document = Document("x", Transcript.of_text("# x\nYou see it.\n" * headings))
        begun = time.process_time()
        _apply(DefaultPromptName.TABLE_OF_CONTENTS, document)
        return time.process_time() - begun

    assert seconds(32_000) < 16 * seconds(4_000)  # eight times as many; in the square it would be 64


@pytest.mark.parametrize("text", ["Ab. " * 300_001, "word " * 2_000_001], ids=["sentences", "characters"])
def test_what_memory_should_not_hold_is_refused(text: str) -> None:
    with pytest.raises(WorkError) as caught:
        _apply(DefaultPromptName.SUMMARIZE, Document("x", Transcript.of_text(text)))
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.INPUT_TOO_LONG, False)


@pytest.mark.parametrize("name", DefaultPromptName)
def test_three_hours_take_less_than_two_seconds(name: DefaultPromptName) -> None:
    document = _long(30_000)
    begun = time.perf_counter()
    _apply(name, document)
    assert time.perf_counter() - begun < 2.0


@pytest.mark.parametrize("name", DefaultPromptName)
def test_progress_is_told_along_the_way_and_can_stop_it(name: DefaultPromptName) -> None:
    shares: list[float] = []
    ExtractiveEngine().apply(PromptSpec(name), [_long(60_000)], shares.append)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert len(shares) > 10
    assert all(a <= b for a, b in pairwise(shares))

    def stop(share: float) -> None:
        if share > 0.5:
            raise LostLease

    with pytest.raises(LostLease):
        ExtractiveEngine().apply(PromptSpec(name), [MEETING], stop)
