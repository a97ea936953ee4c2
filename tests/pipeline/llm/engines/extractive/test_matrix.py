"""Centrality as the full matrix of similarities gives it, without the matrix."""

import numpy as np
import pytest

from pipeline.llm.engines.extractive.matrix import TermMatrix, cosine, distinct


def _matrix(*sentences: str) -> TermMatrix:
    return TermMatrix.of([sentence.split() for sentence in sentences], lambda: None)


def test_centrality_is_that_of_the_full_matrix_of_similarities() -> None:
    rng = np.random.default_rng(7)
    matrix = _matrix(*[" ".join(f"w{n}" for n in rng.integers(0, 30, 6)) for _ in range(40)])
    n = matrix.rows
    similar = np.array([[cosine(matrix.row(i), matrix.row(j)) for j in range(n)] for i in range(n)])
    walk = 0.15 / n + 0.85 * (similar / similar.sum(axis=1, keepdims=True)).T
    p = np.full(n, 1 / n)
    for _ in range(200):
        p = walk @ p
    assert matrix.centrality(lambda: None) == pytest.approx(p, rel=1e-3)


def test_the_sentence_that_shares_most_is_most_central() -> None:
    matrix = _matrix("budget report plan", "budget cat", "report dog", "plan bird", "fish tree")
    assert int(np.argmax(matrix.centrality(lambda: None))) == 0


def test_sentences_without_terms_harm_nothing() -> None:
    assert np.isfinite(_matrix("", "", "").centrality(lambda: None)).all()


def test_near_repetitions_are_left_out() -> None:
    matrix = _matrix("budget report friday", "budget report friday", "client call monday")
    assert list(distinct(matrix, [0, 1, 2], 0.6)) == [0, 2]
