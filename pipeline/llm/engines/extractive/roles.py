"""What a heading or a label says of the lines below it: who was there, what was decided, what is to be done."""

import re
from enum import StrEnum


class Role(StrEnum):
    BODY = "body"
    ROLL = "roll"  # who was there and who wasn't
    DECISIONS = "decisions"
    TASKS = "tasks"
    QUESTIONS = "questions"  # that are open


_LONGEST = 80  # characters of a heading that is nothing more
_TELLING = 9  # characters of words that tell it wherever they stand
_MOST_OF = 0.6  # of the heading, for shorter ones

# By language: English, German, French, Spanish, Italian, Portuguese, Dutch, Russian, Chinese, Japanese
_ROLES = (
    (
        Role.TASKS,
        r"\b(?:actions?(?: items?| points?)?|to ?dos?|next steps?|follow ?ups?|aufgaben|nächste schritte"
        r"|offene punkte|à faire|prochaines étapes|tareas|próximos pasos|da fare|prossimi passi|tarefas"
        r"|próximos passos|actiepunten|te doen|задачи|поручения|следующие шаги)\b"
        r"|待办|行动项|任务|後続作業|アクション|宿題",
    ),
    (
        Role.DECISIONS,
        r"\b(?:decisions?|resolutions|resolved|agreed|beschlüsse|beschluss|entscheidungen|décisions?|decisiones|acuerdos"
        r"|decisioni|delibere|decisões|deliberações|besluiten|решени[ея]|постановили)\b|决定|决议|決定",
    ),
    (
        Role.QUESTIONS,
        r"\b(?:open questions?|open issues?|offene fragen|questions ouvertes|preguntas abiertas)\b",
    ),
    (
        Role.ROLL,
        r"\b(?:present|attend(?:ees|ance|ing)|in attendance|participants|invitees|apologies|regrets|absent|roll call"
        r"|who was there|anwesend\w*|teilnehm\w+|entschuldigt|abwesend|présents?|participants|excusés|asistentes"
        r"|ausentes|presenti|assenti|presentes|aanwezig\w*|afwezig\w*|присутств\w+|участники)\b|参会人员|出席|与会",
    ),
)
_PATTERNS = [(role, re.compile(pattern, re.I)) for role, pattern in _ROLES]


def role_of(heading: str) -> Role:
    """`BODY` where it says something else, or much else: "GitHub Actions", "Decision trees"."""
    if len(heading) > _LONGEST:
        return Role.BODY
    words = re.sub(r"[\W\d_]+", " ", heading).strip()
    for role, pattern in _PATTERNS:
        found = pattern.search(words)
        if found and (len(found[0]) >= _TELLING or len(found[0]) >= _MOST_OF * len(words)):
            return role
    return Role.BODY
