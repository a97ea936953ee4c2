"""Who takes on what by when: the tasks and decisions that sentences give away by their words."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pipeline.llm.engines.extractive.cues import Cues
from pipeline.llm.engines.extractive.roles import Role
from pipeline.llm.engines.extractive.sentences import Kind, Sentence
from pipeline.llm.engines.extractive.splitting import is_asked
from pipeline.llm.engines.extractive.stop_words import STOP_WORDS

_REQUEST = re.compile(r"(?:.{1,40}[,:] )?(?:can|could|would) you ", re.I)  # a question in form only
# "ACTION: Ann to write", "[AI] Bob", "#action Ann"
_MARK = re.compile(
    r"(?:[\[(]?(?:action(?: item| point)?|to-?do|ai|ap)[\])]?\s?[:\])\u2013-]|#action\b)\s*", re.I
)
_GIVEN = re.compile(  # "Ann to write", "Ann: write", but not "Letter to the council"
    r"\W{0,9}([^\W\d_][\w.'-]*(?: (?:and|&) [^\W\d_][\w'-]*)?)"
    r"(?: to (?!(?:the|an?|all|our|my|his|her|their)\b)|:| [-\u2013] )"
)
_TITLES = 3  # names before the one that a pattern found: "Dr. Mary Ann Smith"
# Of a thing and not of a person: "the budget will"
_DETERMINERS = """the a an this that these those our your their my his her its some any no each every all which what
    whose der die das den dem ein eine unser unsere euer eure ihr ihre mein meine dieser diese dieses kein keine le la
    les un une ce cette ces notre nos votre vos leur leurs mon ma mes son sa ses el los las una este esta estos estas
    nuestro nuestra su sus mi mis il lo gli i uno questo questa o os as um uma de het een deze dit dat onze jouw mijn
    zijn"""
_OF_A_THING = frozenset(_DETERMINERS.split())
_NEED = re.compile(r"^you\b|\b(?:must|need|needs|have|has) ?(?:to)?$", re.I)
_CAPITAL_NOUNS = ("de", None)  # there a capital makes no name
_SELF = frozenset(["i", "ich", "je", "yo", "io", "eu", "ik", "я"])


@dataclass(frozen=True, slots=True)
class ActionItem:
    owner: str | None  # a name, as written; None where none is given, or only a pronoun
    due: str | None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """What is known of a document by which its sentences are judged."""

    language: str | None
    cues: Cues | None
    common: AbstractSet[str]  # words that it has with a small letter too; they are no names
    cased: bool  # whether it tells large letters from small ones
    present: frozenset[str] = frozenset()  # names of who was there, as the document lists them

    def task(self, sentence: Sentence) -> ActionItem | None:
        """None: the sentence is none. Boxes and lists of tasks are ones in any language."""
        text = _plain_apostrophes(sentence.text)
        due = self.cues.due.search(text) if self.cues else None
        when = due[0].strip() if due else None
        if sentence.kind in (Kind.OPEN_TASK, Kind.DONE_TASK):
            return ActionItem(self._owner(sentence, text), when, sentence.kind is Kind.DONE_TASK)
        mark = _MARK.match(text) if self.language in (None, "en") else None
        given = _GIVEN.match(text, mark.end() if mark else 0)
        if sentence.role is Role.TASKS or mark:
            owner = given[1] if given and self._is_name(given[1], text, given.start(1)) else None
            return ActionItem(owner or self._owner(sentence, text), when)
        if given and given[0].endswith(" to ") and self._were_present(given[1]):
            return ActionItem(given[1], when)
        if self.cues is None or (self.asks(sentence) and not _REQUEST.match(text)):
            return None
        return self._taken(sentence, text, when)

    def decides(self, sentence: Sentence) -> bool:
        if sentence.role is Role.DECISIONS:
            return True
        return (
            self.cues is not None
            and self.cues.decides.search(_plain_apostrophes(sentence.text)) is not None
            and not self.asks(sentence)
        )

    def asks(self, sentence: Sentence) -> bool:
        if is_asked(sentence.text):
            return True
        # Without any punctuation, as some speech models write, a question word in front has to do.
        return (
            self.cues is not None
            and sentence.text[-1:].isalnum()
            and self.cues.question.match(_plain_apostrophes(sentence.text)) is not None
        )

    def leans(self, sentence: Sentence) -> bool:
        """Whether it speaks of somebody or something that only the sentence before may name."""
        text = _plain_apostrophes(sentence.text)
        found = self.cues.leans.match(text) if self.cues else None
        if found is None:
            return False
        before = [word for word in found[0].split()[:-1] if word[:1].isupper()]
        return not any(self._is_name(word.strip(",.:;"), text, text.find(word)) for word in before)

    def _taken(self, sentence: Sentence, text: str, due: str | None) -> ActionItem | None:
        if self.cues is None:
            return None
        for match in self.cues.takes.finditer(text):
            who = match["who"].casefold()
            if match[0].endswith(("wird", "werden")) and _is_passive(text):
                continue
            if self._is_name(match["who"], text, match.start("who")):
                return ActionItem(self._full(match["who"], text, match.start("who")), due)
            if who in self.cues.persons:
                if due is None and sentence.kind is not Kind.SPOKEN and _NEED.search(match[0]):
                    continue  # a wish, or anybody's: "you will find", "we need to"
                if "agreed" in match[0] or (due is None and self._is_supposed(text)):
                    continue  # what was agreed on is a decision
                return ActionItem(sentence.speaker if who in _SELF else None, due)
            if due is not None and who not in STOP_WORDS.get(self.language or "", ()):
                return ActionItem(None, due)
        return ActionItem(None, due) if self.cues.action.search(text) else None

    def _is_supposed(self, text: str) -> bool:
        """Whether it only says what would be: "If you will excuse me, I will say"."""
        return self.language == "en" and text[:3].casefold() == "if "

    def _were_present(self, names: str) -> bool:
        """Each of one or two names. "Bob to call the bank" is a task; "Back to last week" is none."""
        named = [word for word in names.split() if word not in ("and", "&")]
        return bool(named) and self.present.issuperset(named)

    def _owner(self, sentence: Sentence, text: str) -> str | None:
        taken = self._taken(sentence, text, None)
        return taken.owner if taken else None

    def _is_name(self, word: str, text: str, at: int) -> bool:
        folded = word.casefold()
        stops = STOP_WORDS.get(self.language or "", frozenset())
        if folded in stops or (self.cues is not None and folded in self.cues.persons):
            return False
        if self.cased and self.language not in _CAPITAL_NOUNS:
            return word[:1].isupper() and folded not in self.common
        before = text[max(0, at - 20) : at].split()
        of_a_thing = bool(before) and before[-1].casefold() in _OF_A_THING
        return not of_a_thing and (not self.cased or word[:1].isupper())

    def _full(self, who: str, text: str, at: int) -> str:
        """With the names and titles before it."""
        if not self.cased:
            return who
        for word in reversed(text[max(0, at - 60) : at].split()[-_TITLES:]):
            if not (
                word[:1].isupper()
                and word.rstrip(".").isalpha()
                and word.rstrip(".").casefold() not in self.common
            ):
                break
            if word.casefold() in STOP_WORDS.get(self.language or "", ()):
                break
            who = f"{word} {who}"
        return who


def _plain_apostrophes(text: str) -> str:
    """As the cues are written. Of the same length."""
    return text.replace("\u2019", "'")


def _is_passive(text: str) -> bool:
    """Whether a German sentence tells what is being done and not who will do it: "Das Thema wird verfolgt"."""
    last = text.rstrip(".!? ").rsplit(None, 1)[-1].casefold()
    return last.endswith(("t", "worden")) or (last.startswith("ge") and last.endswith("en"))
