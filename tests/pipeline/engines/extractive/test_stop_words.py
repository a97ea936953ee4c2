# ruff: noqa: RUF001 (letters of other alphabets are meant)

import pytest

from pipeline.engines.extractive.stop_words import tell_language

TEXTS = {
    "en": "We talked about the plan and it was clear that there is no money for the second part of it.",
    "de": "Wir haben über den Plan gesprochen und es war klar, dass für den zweiten Teil kein Geld da ist.",
    "fr": "Nous avons parlé du plan et il était clair qu'il n'y a pas d'argent pour la deuxième partie.",
    "es": "Hablamos sobre el plan y estaba claro que no hay dinero para la segunda parte de lo que se pide.",
    "it": "Abbiamo parlato del piano ed era chiaro che non ci sono soldi per la seconda parte di questo.",
    "pt": "Falamos sobre o plano e ficou claro que não há dinheiro para a segunda parte do que foi pedido.",
    "nl": "We hebben over het plan gesproken en het was duidelijk dat er geen geld is voor het tweede deel.",
    "ru": "Мы говорили о плане и было ясно что на вторую часть его денег у нас нет и не будет.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_the_language_is_told(language: str) -> None:
    assert tell_language(TEXTS[language].casefold().replace(".", "").replace(",", "").split()) == language


@pytest.mark.parametrize("text", ["", "invoice budget contract", "plan meeting rahat kokous päivä hyvä talo"])
def test_where_nothing_stands_out_no_language_is_claimed(text: str) -> None:
    assert tell_language(text.split()) is None
