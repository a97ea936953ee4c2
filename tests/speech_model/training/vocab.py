"""The words that the word model knows, and the sentences made of them. No two words sound alike."""

import random

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday"]
NAMES = ["alice", "bob", "carol", "david"]
NOUNS = [
    *("budget", "meeting", "action", "report", "project", "deadline", "customer", "contract", "design"),
    *("team", "email", "plan", "decision", "question", "server", "invoice", "release"),
]
VERBS = ["send", "review", "update", "approve", "discuss", "finish", "start", "schedule", "call"]
REST = [
    *("need", "will", "is", "agreed", "the", "by", "and", "with", "next", "please", "today", "tomorrow"),
    *("week", "we", "on", "yes", "no", "okay", "hello", "thanks", "item"),
]
WORDS = [*DIGITS, *DAYS, *NAMES, *NOUNS, *VERBS, *REST]

SLOTS = {"NAME": NAMES, "VERB": VERBS, "NOUN": NOUNS, "DAY": DAYS, "DIGIT": DIGITS}
TEMPLATES = [
    "NAME will VERB the NOUN by DAY",
    "NAME will VERB the NOUN",
    "please VERB the NOUN today",
    "please send the NOUN report by DAY",
    "we need the NOUN by DAY",
    "we need NAME and NAME",
    "action item DIGIT",
    "action item DIGIT NAME will VERB the NOUN",
    "the next meeting is on DAY",
    "the NOUN deadline is DAY",
    "hello NAME",
    "hello NAME and NAME",
    "thanks NAME",
    "okay thanks",
    "yes we agreed on the NOUN",
    "no the NOUN is on DAY",
    "the budget is DIGIT DIGIT DIGIT",
    "discuss the NOUN with NAME tomorrow",
    "call NAME next week",
    "call the customer on DAY",
    "NAME and NAME will finish the NOUN",
    "we will start the NOUN next week",
    "schedule the NOUN meeting on DAY",
    "the team agreed",
    "the decision is yes",
    "the decision is no",
    "question DIGIT is the NOUN",
    "update the server plan",
    "approve the invoice please",
    "send the contract and the invoice",
    "okay NAME please review the NOUN",
    "the release is next DAY",
    "call DIGIT DIGIT DIGIT DIGIT",
    "DIGIT DIGIT DIGIT",
    "email the NOUN plan by tomorrow",
]
_LENGTHS = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8]  # words of a phrase without a template
_TEMPLATE_SHARE = 0.45


def sentence(rng: random.Random) -> list[str]:
    """A sentence from a template, as lower-case words."""
    return [rng.choice(SLOTS[word]) if word in SLOTS else word for word in rng.choice(TEMPLATES).split()]


def phrase(rng: random.Random) -> list[str]:
    """A sentence, or words in any order: the model should hear, not guess."""
    if rng.random() < _TEMPLATE_SHARE:
        return sentence(rng)
    return [rng.choice(WORDS) for _ in range(rng.choice(_LENGTHS))]


def punctuated(words: list[str], rng: random.Random) -> str:
    """As written: with capitals, commas and an end mark, which change how espeak-ng speaks."""
    written = []
    for number, word in enumerate(words):
        comma = "," if number < len(words) - 1 and rng.random() < 0.07 else ""
        capital = number == 0 or word in NAMES or word in DAYS
        written.append((word.capitalize() if capital else word) + comma)
    return " ".join(written) + rng.choice([".", ".", "", "?", "!"])
