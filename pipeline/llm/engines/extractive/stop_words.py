"""Words that say nothing about a topic, by language (ISO 639-1), and telling the language by them."""

# ruff: noqa: RUF001 (letters of other alphabets are meant)

from collections import Counter
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
    "ru": """а без более бы был была были было быть в вам вас весь во вот все всё всего всех вы где да даже
        для до его ее её если есть еще ещё же за и из или им их к как какая какой ко когда который которые
        кто ли либо мне может можно мой моя мы на над надо нам нас наш не него нее ней нет ни них но ну о об
        один он она они оно от очень по под потом потому почти при про раз с сам свое своей своем своих свои
        свой себя сейчас со так также такой там тебя тем теперь то тогда того тоже только том тот ты у уже
        хорошо чего чем через что чтобы чуть эта эти это этого этой этот я""",
}
STOP_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _LISTS.items()
}

# Languages that nothing else is known of. They share so many words with one of the above that they'd be taken for it.
_NEIGHBOURS = {
    "af": """aan al alle as baie by daar daardie dan dat deur die dis dit een ek elke en gaan geen had haar het hierdie
        hom hulle hy in is jou jy julle kan kon maar meer mekaar met moet my na nadat nie niks nog nou of om omdat onder
        ons ook oor op sal se sê self so soos sou sy te teen tot toe tussen uit van vir was wat wees weer word wou""",
    "bg": """а аз ако беше без би бил била били било в вече все всички във да до докато е един една едно за защото и
        или им има как какво като кога когато която което които който към между ми много може му на над не него нея ни
        но няма о от още по под преди през при с са само се сега си след със така там те тези това този той тук тя ще
        я""",
    "ca": """a abans això al als altra altre altres amb aquell aquella aquest aquesta aquestes aquests així bé cada com
        contra d'un d'una de del dels des després doncs durant el ell ella ells els em en encara ens entre era eren és
        està estan et fa fer fins ha han hem hi ho i ja jo la les li més mentre meu molt molts ni no nosaltres o on per
        per però perquè poc pot quan què que qui s'ha se sense ser seu seus seva si sí sobre són també tan tant te té
        tenen tot tota totes tots un una unes uns va vam van""",
    "da": """af alle at blev blive bliver da de deg dem den denne der deres det dette dig du efter eller en end er et
        for fordi fra han hans har havde hun hvad hvem hvis hvor hvordan i ikke jeg kan kunne lige man mange med meget
        men mig min mod når nogen noget nu og også om op os over på se sig sin skal skulle så som til ud under var ved
        vi vil ville vores være""",
    "mk": """а ако беше без би била биле бил во веќе вие да дали до додека е еден една едно за зошто затоа и или им има
        ја јас како кај каде кога кој која кое кои кон ли ме меѓу многу може му на над не него неа ние но ни нив од
        откако по повеќе под пред преку при само се сега секој сите сме со сум така таа тие тоа тој тука уште ќе
        што""",
    "nb": """alle at av bare ble bli blir da de deg dem den denne der deres det dette du eller en enn er et etter for
        fordi fra fikk før ha hadde han hans har hun hva hvem hvis hvor hvordan i ikke ingen inn jeg kan kunne man mange
        med meg mellom men min mot mye når nå noe noen og også om opp oss over på seg sin skal skulle slik som så til
        under ut uten var ved vi vil ville vår være vært år å""",
    "sr": """а ако али без би била били било већ вам ви га где да док до за због зато и из или им има их ја је један
        једна једно јер још када како као ко код која које који кроз ли ме међу ми могу може на над након не него неки
        није но о од око он она они онда ова ово овај по под пре при са само сам сада све сви се себе смо су та тај тако
        такође те ти то у ће увек уз шта што""",
    "sv": """alla allt andra att av bara bli blir blev både de dem den denna deras dess dessa det detta dig du då där
        efter eller en ett från för genom ha hade han hans har hon hur här i inga inte jag kan kunde man med mellan men
        mig min mot mycket ni nu när någon något några och också om oss på sedan sig sin ska skulle som så till under
        upp ut utan vad var vara vi vid vilken vår än är över""",
    "uk": """а або але без був була були було бути в вам вас вже ви від він вона вони все всі всіх де для до є за з зі і
        із інші її й його їх коли кого ми мене може можна мій на над нас наш не немає ні ніж них ось один одна по під
        після при про саме свої себе та так також там те ти тим тільки то того той тому у усі хто це цей цього ця чи що
        щоб через я як яка яке який які якщо""",
}
_TOLD = STOP_WORDS | {language: frozenset(words.split()) for language, words in _NEIGHBOURS.items()}
_SPREAD = Counter(word for stops in _TOLD.values() for word in stops)  # in how many languages each is
_LEAST_SHARE = 0.2  # of all words; running text has 35 to 55 %
_LEAST_LEAD = 1.5  # over the second best


def tell_language(words: Sequence[str]) -> str | None:
    """The language whose stop words make up most of `words` (case-folded); a word of several languages counts less.

    None where none stands out, and where it is one that nothing but its commonest words is known of.
    """
    counts = Counter(words)
    (second, _), (best, language) = sorted(
        (sum(counts[word] / _SPREAD[word] for word in stops), language) for language, stops in _TOLD.items()
    )[-2:]
    share = sum(counts[word] for word in _TOLD[language]) / max(1, len(words))
    stands_out = share >= _LEAST_SHARE and best >= _LEAST_LEAD * second
    return language if stands_out and language in STOP_WORDS else None
