"""Long inputs give signs of life while their best sentences are sought."""

from pipeline.llm.documents import Document
from pipeline.llm.engines.extractive.corpus import Corpus
from pipeline.speech.transcript import Transcript

ROWS = 20_000


def test_there_is_a_sign_of_life_while_the_best_of_many_are_sought() -> None:
    text = "".join(f"W{i} v{i} u{i}. " for i in range(ROWS))
    corpus = Corpus.of([Document("x", Transcript.of_text(text))], lambda: None)
    ranking: list[None] = []
    corpus.best(range(1), 1, lambda: ranking.append(None))
    choosing: list[None] = []
    assert len(corpus.best(range(ROWS), ROWS, lambda: choosing.append(None))) == ROWS
    assert len(ranking) > 1
    assert len(choosing) >= ROWS // 1024
