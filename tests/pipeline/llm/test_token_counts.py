"""Estimates of tokens are never too low, and not wildly too high."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.llm.token_counts import MOST_PER_CHARACTER, UNIT, estimate_tokens, fewest_tokens, prices

# What common vocabularies of 100,000 entries and more make of running text, in tokens per character, rounded up.
RATES = [
    (
        "english",
        "The committee agreed to postpone the decision until the next quarterly meeting. " * 20,
        0.25,
    ),
    ("german", "Die Verordnung über die Zuständigkeiten wurde gestern im Ausschuss beraten. " * 20, 0.33),
    ("russian", "Комитет решил отложить рассмотрение вопроса до следующего заседания. " * 20, 0.5),
    ("chinese", "委员会决定将该问题推迟到下一次季度会议再讨论。" * 20, 1.2),
    ("japanese", "委員会は次回の四半期会議まで決定を延期することに合意しました。" * 20, 1.1),
    ("korean", "위원회는 다음 분기 회의까지 결정을 연기하기로 합의했습니다. " * 20, 1.0),
]


@pytest.mark.parametrize(("text", "rate"), [case[1:] for case in RATES], ids=[case[0] for case in RATES])
def test_running_text_is_over_estimated_but_not_wildly(text: str, rate: float) -> None:
    assert rate * len(text) <= estimate_tokens(text) <= 2.2 * rate * len(text)


@given(st.text(), st.text())
def test_prices_add_up_over_any_cut(left: str, right: str) -> None:
    assert prices(left + right).tolist() == prices(left).tolist() + prices(right).tolist()


@given(st.text())
def test_no_character_costs_more_than_the_stated_most(text: str) -> None:
    assert all(0 < price <= MOST_PER_CHARACTER * UNIT for price in prices(text).tolist())


def test_a_lone_surrogate_has_a_price() -> None:
    assert estimate_tokens("\ud800") == 3


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("three  words\nhere ", 3), ("会议讨论了明年的预算。", 2), ("あ" * 40, 10), ("a" * 40, 1),
     ("ก" * 40, 5), ("ລ" * 40, 5), ("ခ" * 40, 5), ("ខ" * 40, 5), ("ก" * 40 + "あ" * 40, 15)],
)  # fmt: skip
def test_the_fewest_tokens_are_words_or_a_share_of_unspaced_characters(text: str, tokens: int) -> None:
    assert fewest_tokens(text) == tokens


def test_a_character_costs_the_same_in_any_company() -> None:
    everything = "".join(map(chr, range(0x80)))
    assert prices(everything).tolist() == prices(f"{everything}é")[:-1].tolist()
