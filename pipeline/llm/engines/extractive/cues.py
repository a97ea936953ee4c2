"""Words by which a sentence gives itself away as an action item or a question, by language (ISO 639-1)."""

# ruff: noqa: RUF001 (letters of other alphabets are meant)

import re
from dataclasses import dataclass

# Sought only where a run of letters, digits and their marks begins: at every word in it, time would be quadratic.
_WHO = (
    r"(?<![\w'.-])[\d_'.-]*\b"
    r"(?P<who>[^\W\d_][\w'.-]*(?: (?:and|und|et|y|e|en|и) [^\W\d_][\w'-]*)?)"
)


@dataclass(frozen=True, slots=True)
class Cues:
    """`takes`: somebody (its group `who`) takes on or is given a task. `action`: another sign of a task.
    `due`: by when. `no_action`: looks like a task and isn't. `question`: begins a question where no question mark is
    written. All are matched against text in which typographic apostrophes have been made plain."""

    takes: re.Pattern[str]
    action: re.Pattern[str]
    due: re.Pattern[str]
    no_action: re.Pattern[str]
    question: re.Pattern[str]


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.I)


_EN_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day(?: (?:morning|noon|afternoon|evening))?"
_EN_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
    r"(?: \d{1,2}(?:st|nd|rd|th)?)?\b(?:,? \d{4})?"
)
_EN_BY = r"\b(?:by|before|until|no later than|due(?: by| on)?)(?: the)?"

CUES: dict[str, Cues] = {
    "en": Cues(
        takes=_any(
            _WHO
            + r"(?: (?:will|shall|must|has to|have to|needs? to|(?:is|are|am) going to|promised to|agreed to"
            r"|volunteered to|offered to|is assigned|is responsible)\b(?! be\b)|'ll (?!be\b))"
        ),
        action=_any(
            r"\b(?:action items?|to-?do|follow-up|next steps?)\b",
            r"^(?:please|let's|let us|don't forget|remember to|make sure)\b",
            r"\b(?:can|could|would) you (?:please )?\w+",
            r"\b(?:assigned to|responsible for|due (?:by|on)|deadline is)\b",
        ),
        due=_any(
            _EN_BY + rf"(?: end of)?(?: the| this| next)? {_EN_DAY}\b",
            rf"\b(?:by|before|until|on|due) (?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? )?{_EN_MONTH}",
            _EN_BY + r"(?: end of)?(?: the| this| next)? "
            r"(?:day|week|month|quarter|year|today|tonight|tomorrow|noon|eod|eow)\b",
            r"\b(?:by|before|until|on|at) \d[\d:./-]*(?: ?[ap]\.?m\b)?",
            rf"\b(?:on {_EN_DAY}|tomorrow|tonight|next (?:week|month|quarter)|asap)\b",
        ),
        no_action=_any(r"\b(?:it|this|that|there|which|what) (?:will|must|has to|needs to|is going to)\b"),
        question=_any(r"(?:who|what|when|where|why|which|how|whose)\b"),
    ),
    "de": Cues(
        takes=_any(
            _WHO + r" (?:wird|werde|werden|muss|müssen|soll|sollen|sollte|übernimmt|übernehme"
            r"|kümmert sich|kümmere mich)\b"
        ),
        action=_any(
            r"\b(?:aufgabe|to-?do|nächste schritte|bitte|nicht vergessen|lasst uns|verantwortlich)\b",
        ),
        due=_any(
            r"\b(?:bis|vor|am)(?: zum| spätestens| nächsten| kommenden| ende)*"
            r" (?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|morgen|woche|monat|\d[\d.]*)\b",
            r"\b(?:heute|morgen|übermorgen|nächste woche)\b",
        ),
        no_action=_any(r"\b(?:es|das|dies) (?:wird|muss|soll)\b"),
        question=_any(r"(?:wer|was|wann|wo|warum|wieso|weshalb|welche[rsnm]?|wie|wohin|woher)\b"),
    ),
    "fr": Cues(
        takes=_any(_WHO + r" (?:va|vais|vont|doit|dois|doivent|devra|s'occupe de|se charge de)\b"),
        action=_any(
            r"\b(?:tâche|à faire|prochaines étapes|il faut|n'oublie[zr]? pas|merci de|veuillez)\b",
        ),
        due=_any(
            r"\b(?:avant|d'ici|pour|jusqu'à)(?: le| la| la fin de la)?"
            r" (?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|demain|semaine|\d[\d/.]*)\b",
            r"\b(?:demain|aujourd'hui|la semaine prochaine)\b",
        ),
        no_action=_any(r"\b(?:ça|cela|ce qui) (?:va|doit)\b"),
        question=_any(r"(?:qui|que|quoi|quand|où|pourquoi|comment|combien|quel(?:le)?s?|est-ce que)\b"),
    ),
    "es": Cues(
        takes=_any(
            _WHO
            + r" (?:va a|voy a|van a|vamos a|debe|deben|debemos|tiene que|tienen que|tenemos que|tengo que"
            r"|se encarga de)\b"
        ),
        action=_any(
            r"\b(?:tarea|pendiente|próximos pasos|hay que|por favor|no olvid\w+)\b",
        ),
        due=_any(
            r"\b(?:antes del?|para(?: el)?|hasta(?: el)?)"
            r" (?:lunes|martes|miércoles|jueves|viernes|sábado|domingo|mañana|fin de mes|\d[\d/.]*)\b",
            r"\b(?:hoy|mañana|la próxima semana)\b",
        ),
        no_action=_any(r"\b(?:esto|eso) (?:va a|debe)\b"),
        question=_any(r"(?:quién|qué|cuándo|dónde|por qué|cuál|cómo|cuánto)\b"),
    ),
    "it": Cues(
        takes=_any(
            _WHO + r" (?:deve|devo|devono|dobbiamo|dovrà|dovrebbe|si occupa di|mi occupo di|si incarica di)\b"
        ),
        action=_any(
            r"\b(?:compito|da fare|prossimi passi|bisogna|per favore|non dimentica\w+|ricorda\w+ di)\b"
        ),
        due=_any(
            r"\b(?:entro|prima di|per)(?: il| la| le)?(?: fine)?"
            r" (?:lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|domani|settimana|mese|\d[\d/.:]*)\b",
            r"\b(?:oggi|domani|la prossima settimana|la settimana prossima)\b",
        ),
        no_action=_any(r"\b(?:questo|quello|ciò|che) (?:deve|dovrà|dovrebbe)\b"),
        question=_any(r"(?:chi|che cosa|cosa|quando|dove|perché|come|quale|quali|quanto|quanti)\b"),
    ),
    "pt": Cues(
        takes=_any(
            _WHO + r" (?:vai|vou|vão|vamos|deve|devo|devem|devemos|precisa|preciso|precisam"
            r"|tem (?:que|de)|têm (?:que|de)|tenho (?:que|de)|temos (?:que|de)|ficou de|se encarrega de)\b"
        ),
        action=_any(r"\b(?:tarefa|pendente|próximos passos|é preciso|por favor|não esque\w+)\b"),
        due=_any(
            r"\b(?:até|antes de|para)(?: o| a| ao| à)?(?: (?:fim|final) d[aeo])? "
            r"(?:(?:segunda|terça|quarta|quinta|sexta)(?:-feira)?|sábado|domingo|amanhã|semana|mês|\d[\d/.:]*)\b",
            r"\b(?:hoje|amanhã|na próxima semana|na semana que vem)\b",
        ),
        no_action=_any(r"\b(?:isto|isso|que) (?:vai|deve|precisa)\b"),
        question=_any(r"(?:quem|o que|que|quando|onde|por que|porque|como|qual|quais|quanto)\b"),
    ),
    "nl": Cues(
        takes=_any(_WHO + r" (?:zal|zullen|gaat|gaan|moet|moeten|zorgt voor|zorg voor|neemt|pakt)\b"),
        action=_any(
            r"\b(?:actiepunt\w*|taak|te doen|volgende stappen|graag|alsjeblieft|alstublieft|vergeet niet)\b"
        ),
        due=_any(
            r"\b(?:voor|vóór|tegen|uiterlijk|op|tot)(?: de| het)?(?: volgende| komende| eind| einde van de)* "
            r"(?:maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|morgen|week|maand|\d[\d/.:]*)\b",
            r"\b(?:vandaag|morgen|overmorgen|volgende week)\b",
        ),
        no_action=_any(r"\b(?:het|dat|dit|die) (?:zal|gaat|moet)\b"),
        question=_any(r"(?:wie|wat|wanneer|waar|waarom|welke?|hoe|hoeveel)\b"),
    ),
    "ru": Cues(
        takes=_any(
            _WHO + r" (?:долж(?:ен|на|ны)|обязан[аы]?|нужно|надо|будет|буду|будут|займ[её]тся|подготовит"
            r"|отправит|пришл[её]т|сделает|проверит)\b"
        ),
        action=_any(r"\b(?:задача|задачи|следующие шаги|необходимо|пожалуйста|не забудь(?:те)?|поручено)\b"),
        due=_any(
            r"\b(?:до|к|не позднее)(?: конца)? (?:понедельник[ау]|вторник[ау]|сред[ыеу]|четверг[ау]|пятниц[ыеу]"
            r"|суббот[ыеу]|воскресень[яю]|завтра|недели|месяца|\d[\d./:]*)(?!\w)",
            r"\b(?:сегодня|завтра|послезавтра|на следующей неделе)\b",
        ),
        no_action=_any(r"\b(?:это|что|которое) (?:должно|будет|нужно)\b"),
        question=_any(r"(?:кто|что|когда|где|куда|почему|зачем|как|какой|какая|какие|сколько)\b"),
    ),
}
