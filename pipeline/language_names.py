"""The languages that Whisper models know, by what they are called; here, so that the API loads no speech library."""

# Whisper's code, then ISO 639-2 and 639-3 codes and outdated ones, then after a colon names in English. The first of
# each is ours.
_TABLE = """
af afr: Afrikaans
am amh: Amharic
ar ara arb: Arabic
as asm: Assamese
az aze azj: Azerbaijani
ba bak: Bashkir
be bel: Belarusian
bg bul: Bulgarian
bn ben: Bengali, Bangla
bo bod tib: Tibetan
br bre: Breton
bs bos: Bosnian
ca cat: Catalan, Valencian
cs ces cze: Czech
cy cym wel: Welsh
da dan: Danish
de deu ger: German
el ell gre: Greek
en eng: English
es spa: Spanish, Castilian
et est ekk: Estonian
eu eus baq: Basque
fa fas per pes: Persian, Farsi
fi fin: Finnish
fo fao: Faroese
fr fra fre: French
gl glg: Galician
gu guj: Gujarati
ha hau: Hausa
haw: Hawaiian
he heb iw: Hebrew
hi hin: Hindi
hr hrv: Croatian
ht hat: Haitian Creole, Haitian
hu hun: Hungarian
hy hye arm: Armenian
id ind in: Indonesian
is isl ice: Icelandic
it ita: Italian
ja jpn: Japanese
jw jv jav: Javanese
ka kat geo: Georgian
kk kaz: Kazakh
km khm: Khmer
kn kan: Kannada
ko kor: Korean
la lat: Latin
lb ltz: Luxembourgish, Letzeburgesch
ln lin: Lingala
lo lao: Lao
lt lit: Lithuanian
lv lav lvs: Latvian
mg mlg: Malagasy
mi mri mao: Maori
mk mkd mac: Macedonian
ml mal: Malayalam
mn mon: Mongolian
mr mar: Marathi
ms msa may zsm: Malay
mt mlt: Maltese
my mya bur: Burmese, Myanmar
ne nep npi: Nepali
nl nld dut: Dutch, Flemish
nn nno: Norwegian Nynorsk, Nynorsk
no nor nb nob: Norwegian, Norwegian Bokmål, Bokmål
oc oci: Occitan
pa pan: Punjabi, Panjabi
pl pol: Polish
ps pus: Pashto, Pushto
pt por: Portuguese
ro ron rum mo: Romanian, Moldavian, Moldovan
ru rus: Russian
sa san: Sanskrit
sd snd: Sindhi
si sin: Sinhala, Sinhalese
sk slk slo: Slovak
sl slv: Slovenian
sn sna: Shona
so som: Somali
sq sqi alb: Albanian
sr srp: Serbian
su sun: Sundanese
sv swe: Swedish
sw swa swh: Swahili
ta tam: Tamil
te tel: Telugu
tg tgk: Tajik
th tha: Thai
tk tuk: Turkmen
tl tgl fil: Tagalog, Filipino
tr tur: Turkish
tt tat: Tatar
uk ukr: Ukrainian
ur urd: Urdu
uz uzb: Uzbek
vi vie: Vietnamese
yi yid ji: Yiddish
yo yor: Yoruba
yue: Cantonese
zh zho chi cmn: Chinese, Mandarin, Mandarin Chinese
"""
_DETECT = frozenset({"auto", "automatic", "detect", "und", "none", "null"})
"""What clients send for a language that is to be found out."""

MULTI = "multi"
"""Given for a recording in which the language changes."""
_CHANGES = frozenset({MULTI, "mul", "multilingual"})


def _read(table: str) -> tuple[dict[str, str], dict[str, str]]:
    """Codes by whatever they are called, and each code's name."""
    found, names_of = {}, {}
    for line in table.split("\n"):
        codes, _, names = line.partition(": ")
        code = codes.split()[0]
        names_of[code] = names.split(", ")[0]
        for called in (*codes.split(), *names.casefold().split(", ")):
            found[called] = code
    return found, names_of


_CALLED, _NAMES = _read(_TABLE.strip())
LANGUAGES = frozenset(_NAMES)


def language_name(code: str) -> str:
    """The name in English of one of `LANGUAGES`."""
    return _NAMES[code]


def language_code(given: str) -> str | None:
    """Whisper's code for a code, a tag such as `en-US`, or a name in English; None: it is to be detected; `MULTI`.

    Raises ValueError: it is none of these.
    """
    called = given.partition("(")[0].strip().casefold().replace("_", "-")
    if called in _DETECT:
        return None
    if called in _CHANGES:
        return MULTI
    primary = called.partition("-")[0]
    code = _CALLED.get(called) or (_CALLED.get(primary) if _is_code(primary) else None)
    if code is None:
        raise ValueError("not a language")
    return "yue" if code == "zh" and "yue" in called.split("-") else code


def _is_code(primary: str) -> bool:
    return len(primary) in (2, 3)
