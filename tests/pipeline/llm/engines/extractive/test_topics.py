"""Topics change where the subject does."""

import random

from pipeline.llm.documents import Document
from pipeline.llm.engines.extractive.corpus import Corpus
from pipeline.llm.engines.extractive.topics import topics
from pipeline.speech.transcript import Segment, Transcript

SUBJECTS = (
    "garden flower water seed soil",
    "engine wheel brake fuel gear",
    "violin concert melody stage choir",
)


def _talk() -> Transcript:
    rng = random.Random(3)  # noqa: S311
    texts = [" ".join(rng.sample(subject.split(), 4)) for subject in SUBJECTS for _ in range(20)]
    return Transcript(tuple(Segment(i * 5.0, i * 5 + 4, text) for i, text in enumerate(texts)), "en", 300)


def test_borders_fall_where_the_subject_changes() -> None:
    corpus = Corpus.of([Document("x", _talk())], lambda: None)
    found = topics(corpus, corpus.parts[0], lambda: None)
    assert len(found) == 3
    assert all(abs(topic.first - expected) <= 2 for topic, expected in zip(found, (0, 20, 40), strict=True))
    for topic, subject in zip(found, SUBJECTS, strict=True):
        assert set(topic.title.split(", ")) <= set(subject.split())


def test_topics_cover_every_sentence_once() -> None:
    for text in ("A. B. C.", "Intro here.\n# One\nText.\n## Two\n# Three\nMore. Text."):
        corpus = Corpus.of([Document("a", _talk()), Document("b", Transcript.of_text(text))], lambda: None)
        covered = [
            i
            for part in corpus.parts
            for topic in topics(corpus, part, lambda: None)
            for i in range(topic.first, topic.last)
        ]
        assert covered == list(range(len(corpus.sentences)))


def test_headings_are_the_topics_of_a_text() -> None:
    corpus = Corpus.of([Document("b", Transcript.of_text("## One\nText.\n### Two\nMore.\n"))], lambda: None)
    assert [(t.title, t.level) for t in topics(corpus, corpus.parts[0], lambda: None)] == [
        ("One", 0),
        ("Two", 1),
    ]
