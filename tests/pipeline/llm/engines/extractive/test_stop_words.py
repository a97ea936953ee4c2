"""Which language a text is in, and when that isn't known."""

# ruff: noqa: RUF001 (letters of other alphabets are meant)

import pytest

from pipeline.llm.engines.extractive.stop_words import tell_language
from pipeline.llm.engines.extractive.terms import words

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

# Article 1 of the Universal Declaration of Human Rights, and plainer words.
MORE = {
    "en": "All human beings are born free and equal in dignity and rights. They are endowed with reason.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de "
    "conscience et doivent agir les uns envers les autres dans un esprit de fraternité.",
    "es": "El presidente abrió la sesión y presentó el informe de la comisión sobre las obras del puerto.",
    "it": "La riunione è durata due ore e il cielo era blu. Paola deve chiamare il cliente entro la fine del mese.",
    "pt": "O presidente abriu a sessão e apresentou o relatório da comissão sobre as obras do porto.",
    "nl": "De voorzitter opende de vergadering en gaf een toelichting op het verslag. Daarna werd er gestemd.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и "
    "должны поступать в отношении друг друга в духе братства.",
}
UNKNOWN = {
    "bg": (
        "Всички хора се раждат свободни и равни по достойнство и права. Те са надарени с разум и съвест и следва да се "
        "отнасят помежду си в дух на братство.",
        "Срещата продължи два часа и небето беше синьо. Иван трябва да изпрати отчета до петък.",
        "Председателят откри заседанието и разказа за плановете за следващата година.",
    ),
    "sr": (
        "Сва људска бића рађају се слободна и једнака у достојанству и правима. Она су обдарена разумом и свешћу и "
        "треба једни према другима да поступају у духу братства.",
        "Састанак је трајао два сата и небо је било плаво. Иван мора да пошаље извештај до петка.",
        "Председник је отворио седницу и говорио о плановима за следећу годину.",
    ),
    "mk": (
        "Сите човечки суштества се раѓаат слободни и еднакви по достоинство и права. Тие се обдарени со разум и совест "
        "и треба да се однесуваат еден кон друг во духот на општо човечката припадност.",
        "Состанокот траеше два часа и небото беше сино. Иван треба да го испрати извештајот до петок.",
        "Претседателот ја отвори седницата и зборуваше за плановите за следната година.",
    ),
    "uk": (
        "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені розумом і совістю і "
        "повинні діяти у відношенні один до одного в дусі братерства.",
    ),
    "af": (
        "Alle menslike wesens word vry, met gelyke waardigheid en regte, gebore. Hulle het rede en gewete en behoort "
        "in die gees van broederskap teenoor mekaar te handel.",
        "Die vergadering het twee uur geduur en die lug was blou. Pieter sal die kwotasie voor Vrydag stuur.",
        "Die voorsitter het die vergadering geopen en die verslag van die komitee verduidelik.",
    ),
    "ca": (
        "Tots els éssers humans neixen lliures i iguals en dignitat i en drets. Són dotats de raó i de consciència, i "
        "han de comportar-se fraternalment els uns amb els altres.",
        "La reunió va durar dues hores i el cel era blau. La Marta ha de pagar la factura avui.",
        "El president va obrir la sessió i va presentar l'informe de la comissió sobre les obres del port.",
    ),
    "da": (
        "Alle mennesker er født frie og lige i værdighed og rettigheder. De er udstyret med fornuft og samvittighed, "
        "og de bør handle mod hverandre i en broderskabets ånd.",
    ),
}


@pytest.mark.parametrize("texts", [TEXTS, MORE], ids=["speech", "writing"])
@pytest.mark.parametrize("language", TEXTS)
def test_the_language_is_told(language: str, texts: dict[str, str]) -> None:
    assert tell_language(_words(texts[language])) == language


@pytest.mark.parametrize("language", UNKNOWN)
def test_a_language_that_is_like_a_known_one_is_not_taken_for_it(language: str) -> None:
    for text in (*UNKNOWN[language], " ".join(UNKNOWN[language])):
        assert tell_language(_words(text)) is None, text


def _words(text: str) -> list[str]:
    return [word.casefold() for word in words(text)]


@pytest.mark.parametrize("text", ["", "invoice budget contract", "plan meeting rahat kokous päivä hyvä talo"])
def test_where_nothing_stands_out_no_language_is_claimed(text: str) -> None:
    assert tell_language(text.split()) is None
