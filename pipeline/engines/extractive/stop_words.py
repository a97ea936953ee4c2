"""Words that say nothing about a topic, by language (ISO 639-1), and telling the language by them."""

# ruff: noqa: RUF001 (letters of other alphabets are meant)

from collections.abc import Sequence

_LISTS = {
    "en": """a about after again all also am an and any are as at be because been before being but by can could did
        do does done down each even few for from get go going got had has have having he her here hers him his how i
        if in into is it its just know like me might more most much must my no nor not now of off oh ok okay on once
        only or other our out over own really right said same say see shall she should so some such than that the
        their them then there these they thing things think this those through to too two one um uh under up us very
        was we well were what when where which while who whom why will with would yeah yes you your it's that's i'm
        we're don't let's i'll we'll""",
    "de": """aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin bis bist
        da damit dann das dass dein deine dem den denn der des dich die dies diese diesem diesen dieser dieses dir
        doch dort du durch ein eine einem einen einer eines er es etwas euch euer für gegen habe haben hat hatte
        hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ist ja jede jedem jeden jeder jedes
        jetzt kann kein keine keinen können könnte machen man mehr mein meine mich mir mit muss nach nein nicht
        nichts noch nun nur ob oder ohne schon sehr sein seine sich sie sind so soll sollte um und uns unser unter
        viel vom von vor war waren warum was weil wenn wer werde werden wie wieder will wir wird wo wurde würde zu
        zum zur über""",
    "fr": """ai alors as au aucun aussi autre aux avait avec avez avoir avons bien ce ceci cela ces cet cette ceux
        chez comme comment dans de des donc dont du elle elles en encore entre est et étaient était été être eu eux
        fait faire faut il ils je jusque la le les leur leurs lui ma mais me même mes moi moins mon ne ni non nos
        notre nous on ont ou où oui par parce pas peu peut plus pour pourquoi quand que quel quelle quelles quels qui
        quoi sa sans se sera ses si son sont sous suis sur ta te tes toi ton tous tout toute toutes très tu un une
        va vers voici voilà vont vos votre vous y à ça c'est qu'il qu'elle qu'on d'un d'une j'ai n'est""",
    "es": """a al algo algunos ante antes como con contra cual cuando de del desde donde durante e el él ella ellas
        ellos en entre era eran es esa esas ese eso esos esta está están estas este esto estos estamos ha hace hacer
        han has hasta hay he la las le les lo los más me mi mis mucho muchos muy nada ni no nos nosotros nuestra
        nuestro o os otra otras otro otros para pero poco por porque que qué quien quién se sea ser si sí sin sobre
        son soy su sus también tan tanto te tenemos tener tengo ti tiene tienen todo todos tu tus un una unas uno
        unos usted ustedes va vamos y ya yo""",
    "it": """a abbiamo ad agli ai al alla alle allo anche ancora avere c'è che chi ci ciò coi col come con contro cui
        da dagli dai dal dalla dalle dallo degli dei del della delle dello di dove e è ed era erano essere fa fare
        fra gli ha hai hanno ho i il in io la le lei li lo loro lui ma me mi mia mie miei mio molto ne negli nei nel
        nella nelle nello no noi non nostra nostro o ogni per perché però più poi qua quale quando quanto quella
        quelle quelli quello questa queste questi questo qui se sei sempre senza si sì sia siamo solo sono sta stato
        su sua sue sugli sui sul sulla sulle sullo suo suoi tra tu tua tuo tutti tutto un una uno va vi voi""",
    "pt": """a ainda além ao aos aqui as assim até com como contra da das de dela dele deles depois desde do dos e é
        ela elas ele eles em entre era eram essa essas esse esses esta está estão estamos estas este estes estou eu
        fazer foi foram há isso isto já lhe lo mais mas me mesmo meu meus minha minhas muito muitos na nas nem no nos
        nós nossa nosso num numa não o onde os ou para pela pelas pelo pelos pode por porque pouco quando que quem se
        sem ser será seu seus sim só sobre sua suas também te tem têm temos tenho ter todo todos tu tudo um uma umas
        uns vai vamos você vocês""",
    "nl": """aan al alle alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een en
        er ge geen geweest haar had heb hebben heeft hem hen het hier hij hoe hun iemand iets ik in is ja je jij
        jouw jullie kan kunnen kon maar me meer men met mij mijn moet moeten na naar nee niet niets nog nu of om
        omdat ons onze ook op over reeds te tegen toch toen tot u uit uw van veel voor waar waarom want waren was wat
        we wel werd wezen wie wij wil worden wordt zal ze zei zelf zich zij zijn zo zonder zou zullen""",
    "ru": """а без более бы был была были было быть в вам вас весь во вот все всё всего всех вы где да даже для до
        его ее её если есть еще ещё же за и из или им их к как какая какой ко когда который которые кто ли либо мне
        может можно мой моя мы на над надо нам нас наш не него нее ней нет ни них но ну о об один он она они оно от
        очень по под потом потому почти при про раз с сам свой себя сейчас со так также такой там тебя тем теперь то
        тогда того тоже только том тот ты у уже хорошо чего чем через что чтобы чуть эта эти это этого этой этот
        я""",
}
STOP_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _LISTS.items()
}
_LEAST_SHARE = 0.2  # of all words; running text has 35 to 55 %
_LEAST_LEAD = 1.25  # over the second best: neighbours such as Spanish and Portuguese share many
_SAMPLE = 20_000  # words


def tell_language(words: Sequence[str]) -> str | None:
    """The language whose stop words make up most of `words` (case-folded), or None where none stands out."""
    sample = words[:: len(words) // _SAMPLE + 1]
    if not sample:
        return None
    shares = sorted(
        (
            (sum(word in stops for word in sample) / len(sample), language)
            for language, stops in STOP_WORDS.items()
        ),
        reverse=True,
    )
    (best, language), (second, _) = shares[:2]
    return language if best >= _LEAST_SHARE and best >= _LEAST_LEAD * second else None
