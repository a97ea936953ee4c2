"""What the extractive engine makes of an input, for each default prompt."""

import re
import time
from itertools import pairwise

import pytest

from pipeline.documents import Document
from pipeline.engines.base import PromptSpec
from pipeline.engines.extractive.cues import CUES
from pipeline.engines.extractive.engine import NOTICE, ExtractiveEngine
from pipeline.engines.extractive.stop_words import STOP_WORDS
from pipeline.errors import LostLease, WorkError
from pipeline.states import DefaultPromptName
from pipeline.transcript import Segment, Transcript

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
    for line in body.replace("\\<", "<").splitlines():
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
            "- [ ] **We**: We\u2019ll fix the door by 5 pm. (due: by 5 pm)",
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
    assert "language of muistio.txt was not recognized" in _apply(DefaultPromptName.SUMMARIZE, FINNISH)
    assert "not recognized" not in _apply(DefaultPromptName.SUMMARIZE, MEETING)


def test_contents_carry_times_for_recordings_and_headings_for_texts() -> None:
    markdown = _apply(DefaultPromptName.TABLE_OF_CONTENTS, MEETING, NOTES)
    assert markdown.index("## meeting.m4a") < markdown.index("[0:00:00]**") < markdown.index("## notes.md")
    assert "\n  - **Plan**\n" in markdown


def test_html_of_the_input_is_made_harmless() -> None:
    assert "<script" not in _apply(DefaultPromptName.QA_FORMAT, NOTES).replace("\\<script", "")


def test_a_user_s_own_prompt_needs_a_model() -> None:
    with pytest.raises(WorkError, match="synthesis_failed"):
        ExtractiveEngine().apply(PromptSpec(None, "Write a poem."), [NOTES], lambda _share: None)


def test_an_input_without_sentences_is_empty() -> None:
    with pytest.raises(WorkError, match="empty_input"):
        _apply(DefaultPromptName.SUMMARIZE, Document("a.md", Transcript.of_text(" \n---\n")))


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
