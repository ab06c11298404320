"""The languages that stories are written in: their tags, which way they run, and their word for a chapter.

A language comes by its English name, as in `story.toml`, or as a tag already. What is not known here is `und`, the tag
for a language that is not determined; then the direction is read off the text itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Literal

Direction = Literal["ltr", "rtl"]

UNDETERMINED = "und"

_TAGS = {
    name: tag
    for line in """
    af Afrikaans; sq Albanian; am Amharic; ar Arabic; hy Armenian; az Azerbaijani; eu Basque; be Belarusian;
    bn Bengali, Bangla; bs Bosnian; bg Bulgarian; my Burmese; ca Catalan; yue Cantonese; ckb Sorani, Central Kurdish;
    zh Chinese, Mandarin; zh-Hans Simplified Chinese; zh-Hant Traditional Chinese; hr Croatian; cs Czech; da Danish;
    dv Dhivehi; nl Dutch, Flemish; en English; en-GB British English; en-US American English; eo Esperanto; et Estonian;
    fo Faroese; fil Filipino; fi Finnish; fr French; fr-CA Canadian French; gl Galician; ka Georgian; de German;
    de-AT Austrian German; de-CH Swiss German; el Greek; grc Ancient Greek; gu Gujarati; ha Hausa; he Hebrew; hi Hindi;
    hu Hungarian; is Icelandic; ig Igbo; id Indonesian; ga Irish; it Italian; ja Japanese; jv Javanese; kn Kannada;
    kk Kazakh; km Khmer; ko Korean; ku Kurdish; ky Kyrgyz; lo Lao; la Latin; lv Latvian; lt Lithuanian;
    lb Luxembourgish; mk Macedonian; ms Malay; ml Malayalam; mt Maltese; mi Maori; mr Marathi; mn Mongolian; ne Nepali;
    no Norwegian; nb Norwegian Bokmål, Bokmål; nn Norwegian Nynorsk, Nynorsk; oc Occitan; ps Pashto; fa Persian, Farsi;
    pl Polish; pt Portuguese; pt-BR Brazilian Portuguese; pt-PT European Portuguese; pa Punjabi; ro Romanian;
    ru Russian; gd Scottish Gaelic; sr Serbian; sd Sindhi; si Sinhala; sk Slovak; sl Slovenian, Slovene; so Somali;
    es Spanish, Castilian; es-MX Mexican Spanish; su Sundanese; sw Swahili; sv Swedish; tl Tagalog; tg Tajik;
    ta Tamil; tt Tatar; te Telugu; th Thai; bo Tibetan; tr Turkish; tk Turkmen; uk Ukrainian; ur Urdu; ug Uyghur;
    uz Uzbek; vi Vietnamese; cy Welsh; xh Xhosa; yi Yiddish; yo Yoruba; zu Zulu
    """.split(";")
    for tag, _, names in [" ".join(line.split()).partition(" ")]
    for name in names.casefold().split(", ")
}
_NAMES = {tag: name.title() for name, tag in reversed(_TAGS.items())}
_TAG = re.compile(r"(?i)([a-z]{2,3})((?:[-_][a-z]{4})?)((?:[-_](?:[a-z]{2}|\d{3}))?)")
_RIGHT_TO_LEFT = {"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"}
_CHAPTER = {
    "ar": "الفصل {}", "bg": "Глава {}", "ca": "Capítol {}", "cs": "Kapitola {}", "da": "Kapitel {}",
    "de": "Kapitel {}", "el": "Κεφάλαιο {}", "en": "Chapter {}", "es": "Capítulo {}", "fa": "فصل {}",
    "fi": "Luku {}", "fr": "Chapitre {}", "he": "פרק {}", "hi": "अध्याय {}", "hu": "{}. fejezet", "id": "Bab {}",
    "it": "Capitolo {}", "ja": "第{}章", "ko": "제{}장", "nb": "Kapittel {}", "nl": "Hoofdstuk {}", "nn": "Kapittel {}",
    "no": "Kapittel {}", "pl": "Rozdział {}", "pt": "Capítulo {}", "ro": "Capitolul {}", "ru": "Глава {}",
    "sv": "Kapitel {}", "th": "บทที่ {}", "tr": "Bölüm {}", "uk": "Розділ {}", "vi": "Chương {}", "yue": "第{}章",
    "zh": "第{}章",
}  # fmt: skip
_UNTITLED = {
    "ar": "بلا عنوان", "de": "Ohne Titel", "el": "Χωρίς τίτλο", "en": "Untitled", "es": "Sin título",
    "fa": "بدون عنوان", "fr": "Sans titre", "he": "ללא כותרת", "it": "Senza titolo", "ja": "無題", "ko": "제목 없음",
    "nl": "Zonder titel", "pl": "Bez tytułu", "pt": "Sem título", "ru": "Без названия", "sv": "Utan titel",
    "tr": "Başlıksız", "uk": "Без назви", "yue": "無題", "zh": "无题",
}  # fmt: skip


def tag(language: str) -> str:
    """Return the BCP 47 tag of a language by its English name (`German`, `Brazilian Portuguese`) or its tag.

    A name in front of brackets or a comma counts (`Chinese (simplified)`); an unknown one gives `und`.
    """
    name = " ".join(language.split()).casefold()
    if name in _TAGS:
        return _TAGS[name]
    found = _TAG.fullmatch(name)
    if found and found[1] in _NAMES:
        return found[1] + found[2].replace("_", "-").title() + found[3].replace("_", "-").upper()
    shorter = re.split(r"[(,;/]", name)[0].strip()
    return _TAGS.get(shorter, UNDETERMINED)


def name(tag: str) -> str:
    """Return the English name of a tag's language, empty for one that is not known."""
    short = tag.strip().replace("_", "-")
    known = {one.casefold(): one for one in _NAMES}
    for one in (short, short.split("-")[0]):
        if one.casefold() in known:
            return _NAMES[known[one.casefold()]]
    return ""


def direction(tag: str, sample: str = "") -> Direction:
    """Return which way a language runs; of an undetermined one, which way most letters of `sample` do."""
    if tag != UNDETERMINED:
        return "rtl" if tag.split("-")[0] in _RIGHT_TO_LEFT else "ltr"
    ways = Counter(map(unicodedata.bidirectional, sample))
    return "rtl" if ways["R"] + ways["AL"] > ways["L"] else "ltr"


def chapter(tag: str, number: int) -> str:
    """Return what a chapter without a title is called: `Chapter 3`; the bare number in a language not known here."""
    return _CHAPTER.get(tag.split("-")[0], "{}").format(number)


def untitled(tag: str) -> str:
    """Return what a book without a title is called where it has to be called something; English is the fallback."""
    return _UNTITLED.get(tag.split("-")[0], "Untitled")


def is_untitled(title: str) -> bool:
    """Whether a title is one that `untitled` made up."""
    return title in _UNTITLED.values()
