"""Words by which a sentence gives itself away as a task, a decision or a question, by language (ISO 639-1)."""

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
    """`takes`: somebody (its group `who`) takes on or is given a task. `action`: another sign of one. `due`: by when.
    `decides`: something was settled. `question`: begins a question where no question mark is written. `leans`: the
    sentence speaks of somebody or something that only those before it name. All are matched against text in which
    typographic apostrophes have been made plain. `persons`: who can take on a task without being named."""

    takes: re.Pattern[str]
    action: re.Pattern[str]
    due: re.Pattern[str]
    decides: re.Pattern[str]
    question: re.Pattern[str]
    leans: re.Pattern[str]
    persons: frozenset[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.I)


_EN_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day(?: (?:morning|noon|afternoon|evening))?"
_EN_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
    r"(?: \d{1,2}(?:st|nd|rd|th)?)?\b(?:,? \d{4})?"
)
_EN_ORDINAL = (
    r"(?:(?:(?:twenty|thirty)[- ])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
    r"|(?:ten|eleven|twelf|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twentie|thirtie)th)"
)
_EN_BY = r"\b(?:by|before|until|no later than|due(?: by| on)?)(?: the)?"

CUES: dict[str, Cues] = {
    "en": Cues(
        takes=_any(
            _WHO
            + r"(?:(?: (?:will|shall|must|has to|have to|needs? to|(?:is|are|am) going to|promised to|agreed to"
            r"|volunteered to|offered to|is assigned|is responsible)|'ll)\b)"
            r"(?! (?:also )?(?:be|not|never|have|see|say|use|assume)\b)"
        ),
        action=_any(
            r"\b(?:action items?|to-?do|follow-up|next steps?)\b",
            r"^(?:please|(?:let's|let us)(?! (?:talk|discuss|start|begin|move|go|see|look)\b)|don't forget|remember to"
            r"|make sure)\b",
            r"\b(?:can|could|would) you (?:please )?\w+",
            r"\b(?:assigned to|responsible for|due (?:by|on)|deadline is)\b",
        ),
        due=_any(
            _EN_BY + rf"(?: end of)?(?: the| this| next)? {_EN_DAY}\b",
            rf"\b(?:by|before|until|on|due) the {_EN_ORDINAL}\b(?: of {_EN_MONTH})?",
            r"\b(?:by|at|before|until) the end of (?:the |this |next )?(?:day|week|month|quarter|year)\b",
            rf"\b(?:by|before|until|on|due) (?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? )?{_EN_MONTH}",
            _EN_BY + r"(?: end of)?(?: the| this| next)? "
            r"(?:day|week|month|quarter|year|today|tonight|tomorrow|noon|eod|eow)\b",
            r"\b(?:by|before|until|on|at) \d[\d:./-]*(?: ?[ap]\.?m\b)?",
            rf"\b(?:on {_EN_DAY}|tomorrow|tonight|next (?:week|month|quarter)|asap)\b",
        ),
        decides=_any(
            r"\b(?:decided|agreed|approved|resolved|adopted|ratified|rejected|postponed|unanimously)\b",
            r"(?<!\bi )(?<!\bhe )(?<!\bshe )(?<!\bwho )\bvoted\b",  # what one of them wanted settles nothing
            r"\b(?:decision|consensus|agreement) (?:is|was|to|that)\b|^(?:decision|resolution|agreed|resolved)\b",
            r"\b(?:motion|resolution|proposal|vote) (?:is |was |has been )?(?:carried|carries|passed|passes|failed)\b",
            r"\bwe(?:'ll| will| are going to|'re going to)? (?:go (?:ahead )?with|settled? on|stick with)\b",
            r"\b(?:stays|moves) (?:as it is|to|on)\b",
        ),
        question=_any(r"(?:who|what|when|where|why|which|how|whose)\b"),
        leans=_any(
            r"^\W{0,9}(?:and |but |so |then |because |also |or |yes,? |no,? |okay,? |well,? ){0,3}"
            r"(?:he|she|it|they|him|her|them|his|its|their|there"
            r"|(?:this|that|these|those) (?:is|was|are|were|will|would|has|have|had|can|could|may|should|must))\b"
            r"|^\W{0,9}(?:\w{1,30}\W{1,9}){1,3}(?:he|she|they)\b",
        ),
        persons=_words("i we you he she they someone somebody everyone everybody"),
    ),
    "de": Cues(
        takes=_any(
            _WHO + r" (?:wird|werde|werden|muss|müssen|soll|sollen|sollte|übernimmt|übernehme"
            r"|kümmert sich|kümmere mich)\b"
        ),
        action=_any(
            r"^(?:aufgabe|to-?do)\b|\b(?:nächste schritte|bitte|nicht vergessen|lasst uns|verantwortlich)\b",
        ),
        due=_any(
            r"\b(?:bis|vor|am)(?: zum| spätestens| nächsten| kommenden| ende)*"
            r" (?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|morgen|woche|monat|\d[\d.]*)\b",
            r"\b(?:heute|morgen|übermorgen|nächste woche)\b",
        ),
        decides=_any(
            r"\b(?:beschlossen|beschließt|beschließen|entschieden|einstimmig|vereinbart|genehmigt|angenommen|abgelehnt"
            r"|verabschiedet|vertagt|geeinigt|einigten|konsens|beschluss|entscheidung)\b",
        ),
        question=_any(r"(?:wer|was|wann|wo|warum|wieso|weshalb|welche[rsnm]?|wie|wohin|woher)\b"),
        leans=_any(
            r"^\W{0,9}(?:und |aber |dann |also |denn ){0,3}(?:er|sie|es|dies\w{0,2}|jene[rsnm]?|ihm|ihn|ihnen|deshalb"
            r"|deswegen|dazu|dafür|dabei|das (?:ist|war|wird|hat|muss|soll|kann|wäre))\b",
        ),
        persons=_words("ich wir du ihr er sie jemand alle"),
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
        decides=_any(
            r"\b(?:décidé|décidons|décision|convenu|approuvé|adopté|voté|rejeté|unanimité|accord(?:és?)?|reporté)e?s?\b",
        ),
        question=_any(r"(?:qui|que|quoi|quand|où|pourquoi|comment|combien|quel(?:le)?s?|est-ce que)\b"),
        leans=_any(
            r"^\W{0,9}(?:et |mais |alors |puis ){0,3}(?:il|elle|ils|elles|ce|cela|ça|c'est|celui|celle|lui|leur)\b"
        ),
        persons=_words("je nous tu vous il elle ils elles on"),
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
        decides=_any(
            r"\b(?:decidi\w+|decisión|acord\w+|aprob(?:ó|ado|ada|aron|amos)|adopt(?:ó|ado|ada)|rechaz(?:ó|ado|ada)|unanimidad"
            r"|votó|votaron|aplazado)\b",
        ),
        question=_any(r"(?:quién|qué|cuándo|dónde|por qué|cuál|cómo|cuánto)\b"),
        leans=_any(
            r"^\W{0,9}(?:y |pero |entonces |así que ){0,3}(?:él|ella|ellos|ellas|esto|eso|ese|esa|este|esta|lo|les?)\b"
        ),
        persons=_words("yo nosotros nosotras tú usted ustedes él ella ellos ellas"),
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
        decides=_any(
            r"\b(?:deciso|decisa|decidiamo|decisione|concordato|approvat[oaie]|adottat[oa]|respint[oa]|unanimità|votato"
            r"|rinviat[oa]|delibera(?:to)?)\b",
        ),
        question=_any(r"(?:chi|che cosa|cosa|quando|dove|perché|come|quale|quali|quanto|quanti)\b"),
        leans=_any(
            r"^\W{0,9}(?:e |ma |quindi |allora ){0,3}(?:lui|lei|loro|esso|essa|questo|questa|quello|quella|ciò)\b"
        ),
        persons=_words("io noi tu voi lui lei loro"),
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
        decides=_any(
            r"\b(?:decidi\w+|decisão|acordado|combinado|aprovad[oa]s?|aprovou|adotad[oa]|rejeitad[oa]|unanimidade|votou"
            r"|adiad[oa])\b",
        ),
        question=_any(r"(?:quem|o que|que|quando|onde|por que|porque|como|qual|quais|quanto)\b"),
        leans=_any(
            r"^\W{0,9}(?:e |mas |então |por isso ){0,3}(?:ele|ela|eles|elas|isto|isso|este|esta|esse|essa|aquilo)\b"
        ),
        persons=_words("eu nós você vocês ele ela eles elas"),
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
        decides=_any(
            r"\b(?:besloten|besluit|afgesproken|akkoord|goedgekeurd|aangenomen|verworpen|unaniem|gestemd|uitgesteld)\b",
        ),
        question=_any(r"(?:wie|wat|wanneer|waar|waarom|welke?|hoe|hoeveel)\b"),
        leans=_any(
            r"^\W{0,9}(?:en |maar |dus |dan ){0,3}(?:hij|zij|ze|dit|dat|deze|die|hem|haar|hun"
            r"|het (?:is|was|wordt|heeft|moet|kan))\b"
        ),
        persons=_words("ik wij we jij je jullie u hij zij ze"),
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
        decides=_any(
            r"\b(?:решили|решено|решение|постановили|договорились|согласовал[иа]?|согласовано|утвердил[иа]?|утвержден[оаы]?"
            r"|приняли|принято|отклонен[оаы]?|единогласно|отложили)\b",
        ),
        question=_any(r"(?:кто|что|когда|где|куда|почему|зачем|как|какой|какая|какие|сколько)\b"),
        leans=_any(
            r"^\W{0,9}(?:и |а |но |поэтому |тогда ){0,3}(?:он|она|оно|они|это|этот|эта|эти|тот|его|её|ее|их|им)\b"
        ),
        persons=_words("я мы ты вы он она они"),
    ),
}
