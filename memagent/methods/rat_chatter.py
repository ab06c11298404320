"""Leaves out of a reply what is addressed to whoever asked: "Here is the revised step:", "I hope this helps!".

Models put such words before and behind the text that was asked for, and there they would stand in the answer, in later
queries and in later prompts. What is left out:

- a label before the text that says it is the revised one, on a line of its own or on the same;
- from a heading such as "Changes made:" on, what stands behind the text;
- sentences and paragraphs at either end in which the model speaks of its work on the text ("I corrected ...") or takes
  its leave ("let me know if ...");
- paragraphs of prose at the end that were added and are about something else than task, steps and passages: fewer than
  `GROUNDED` of their telling words are from there.

Each only where the text before it was revised has no such words itself: a letter may end with "let me know"; and never
a sentence that stands in a source. The rules with words know English, German, French, Spanish, Portuguese, Italian,
Russian, Chinese, Japanese and Arabic; the last knows no language. Inside the text nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from memagent.methods.rat_reading import paragraphs
from memagent.methods.rat_revision import GROUNDED, grounded, kept_of, telling
from memagent.sentences import split_sentences

_ANY = re.IGNORECASE
_DONE = r"(?:revised|updated|corrected|improved|rewritten|edited)"
_THING = r"(?:step|text|version|answer|draft|story|plan|thoughts?|paragraphs?|passage|solution)"
_LABEL = re.compile(
    r"\s*(?:(?:sure|certainly|okay|ok|of course|absolutely|great|got it)[^\n:]{0,80}[,.!:—-]\s*)?[*_#]{0,6}\s*(?:"
    rf"(?:(?:here\s+(?:is|are)|here['’]s|this\s+is|below\s+(?:is|are))\s+)(?:the|my|your|a|an)?\s*[^\n:]{{0,20}}?"
    rf"\b(?:{_DONE}\s+(?:\w{{1,20}}\s+){{0,2}}{_THING}\b[^\n:]{{0,40}}|revision|final\s+{_THING}(?:\s+so\s+far)?)"
    rf"|(?:the\s+)?{_DONE}\s+{_THING}(?:\s+(?:so\s+far|\d{{1,3}}))?|(?:my\s+)?revis(?:ed|ion)"
    r"|(?:based\s+on|according\s+to)\s+the\s+(?:provided\s+)?(?:passages?|sources?)(?:\s+provided)?,\s+"
    rf"(?:here\s+is|here['’]s)\s+the\s+(?:{_DONE}\s+)?{_THING}"
    r"|hier\s+(?:ist|sind)\b[^\n:]{0,30}(?:überarbeitet|korrigiert|aktualisiert|verbessert)[^\n:]{0,40}"
    r"|(?:überarbeitete|korrigierte|aktualisierte)[rsn]?\s+(?:schritt|text|fassung|version)"
    r"|voici\b[^\n:]{0,40}(?:révisé|corrigé|mis\s+à\s+jour)[^\n:]{0,40}|(?:texte|étape|version)\s+(?:révisée?|corrigée?)"
    r"|(?:aquí\s+(?:está|tiene)|aqui\s+está)\b[^\n:]{0,40}(?:revisad|corregid|corrigid|actualizad)[^\n:]{0,40}"
    r"|(?:texto|paso|versión|versão)\s+(?:revisad|corregid|corrigid|actualizad)[oa]"
    r"|ecco\b[^\n:]{0,40}(?:rivist|corrett|aggiornat)[^\n:]{0,40}"
    r"|вот\b[^\n:]{0,20}(?:исправленн|обновл[её]нн|переработанн)[^\n:]{0,40}"
    r"|(?:исправленный|обновл[её]нный|переработанный)\s+(?:текст|шаг|вариант)"
    r"|(?:以下|这|這)是?[^\n:：]{0,12}(?:修改|修订|修訂|更新|更正|修正)[^\n:：]{0,12}"
    r"|(?:修改|修订|修訂|更新|更正|修正)(?:后|後|版)[^\n:：]{0,10}"
    r")[*_]{0,3}\s*[:：][*_]{0,3}[ \t]*",
    _ANY,
)
_HEADING = re.compile(
    r"[ \t]*[-*_#>(\[]{0,6}\s*(?:"
    r"(?:(?:key|main|summary\s+of|list\s+of|explanation\s+of)\s+)?(?:the\s+)?"
    r"(?:changes|corrections|revisions|edits|modifications|revision\s+notes|changelog)"
    r"(?:\s+(?:made|notes?|summary|include[ds]?|log|i\s+made))?"
    r"|what\s+(?:i|was|has\s+been|i['’]ve)\s+(?:changed|corrected|revised)"
    r"|(?:vorgenommene\s+|wichtigste\s+)?(?:änderungen|korrekturen|anpassungen)"
    r"|(?:modifications|changements|corrections)(?:\s+apportée?s)?"
    r"|(?:cambios|correcciones|modificaciones|alterações|correções|modifiche|correzioni)"
    r"(?:\s+(?:realizad|hech|feit|apportat)[oaei]s?)?"
    r"|(?:внес[её]нные\s+)?(?:изменения|исправления)"
    r"|(?:修改|更改|修订|修訂|變更|变更|改动|修正)(?:说明|說明|内容|內容|之处|如下|点|點)+"
    r"|(?:変更|修正)(?:点|内容|箇所)|التغييرات|التعديلات"
    r")\s*[*_]{0,3}\s*[:：]",
    _ANY,
)
_WORK = (
    r"(?:corrected|changed|updated|revised|added|removed|fixed|adjusted|rephrased|clarified|modified|incorporated|"
    r"replaced|rewrote|rewritten|edited|integrated|left\s+(?:the|it|this|everything)|kept\s+(?:the|it|this|everything))"
)
_SPEAKS = re.compile(
    rf"\bI(?:['’]ve|\s+have)?(?:\s+(?:also|only|just|then))?\s+{_WORK}\b"
    rf"|\b(?:was|were|has\s+been|have\s+been)\s+{_WORK}\b[^.\n]{{0,80}}\b(?:(?:provided|these|retrieved)\s+(?:passages?|sources?)"
    r"|the\s+(?:passages|sources)|passages?\s+(?:provided|above|\[\d))"
    r"|\bich\s+habe\b[^.\n]{0,80}(?:korrigiert|geändert|ergänzt|angepasst|überarbeitet|hinzugefügt|ersetzt)"
    r"|\bj['’]ai\s+(?:\w{1,20}\s+)?(?:corrigé|modifié|ajouté|changé|remplacé|révisé|mis\s+à\s+jour)"
    r"|\bhe\s+(?:corregido|cambiado|añadido|modificado|revisado|actualizado|reemplazado)\b"
    r"|\bho\s+(?:corretto|modificato|aggiunto|cambiato|rivisto|aggiornato)\b"
    r"|\bя\s+(?:также\s+)?(?:исправил|изменил|добавил|обновил|заменил|внес|вн[её]с)"
    r"|我(?:已经|已|将|將|把|对|對)?[^。\n]{0,12}(?:修改|更正|修正|更改|添加|补充|補充|调整|調整)了?",
    _ANY,
)
_OFFERS = re.compile(
    r"\bhope\s+(?:this|that|it|these)\s+(?:\w{1,20}\s+){0,2}help(?:s|ed)?\s*(?:[.!,;)]|$|you\b|with\b|to\s+clarify\b)|\bwould\s+you\s+like\s+me\s+to\b"
    r"|\bhappy\s+to\s+(?:revise|adjust|expand)\b"
    r"|\blet\s+me\s+know\b[^.!\n]{0,40}\b(?:me\s+to|changes|adjust|adjustments?|revise|revisions?|edits?|expand)\b"
    r"|\bich\s+hoffe\b[^.!\n]{0,20}\bhilft|\bj['’]espère\s+que\s+(?:cela|ça)[^.!\n]{0,20}\baide"
    r"|\bespero\s+que\s+(?:esto|te|le|les|isso|isto)\b[^.!\n]{0,20}\b(?:ayud|ajud|sirv)"
    r"|\bspero\s+che\s+(?:questo|ti|sia)\b[^.!\n]{0,20}\b(?:aiut|util)"
    r"|надеюсь,?\s+(?:это|что)[^.!\n]{0,20}помо|希望(?:这|這|以上|对|對|能)[^。\n]{0,12}(?:帮|幫)|お役に立て|آمل\s+أن",
    _ANY,
)
_LEAVES = re.compile(
    r"\blet\s+me\s+know\b|\bfeel\s+free\s+to\b|\banything\s+else\s+(?:i\s+can|you)\b|\bhappy\s+to\s+help\b"
    r"|\blass(?:en\s+sie)?\s+(?:es\s+)?mich\b[^.!\n]{0,12}\bwissen|\bgib\s+bescheid\b"
    r"|\bn['’]hésitez?\s+pas\s+à|\bfaites-moi\s+savoir|\bno\s+dud[ea]s?\s+en\b|дайте\s+(?:мне\s+)?знать"
    r"|如[果有][^。\n]{0,14}(?:问题|問題|需要|疑问)[^。\n]{0,8}(?:请|請|随时|告)|お知らせください|ご不明な点|لا\s+تتردد",
    _ANY,
)
_IF_YOU = re.compile(
    r"\bif\s+you\s+(?:need|have|want|would\s+like|['’]d\s+like)\b[^.!\n]{0,40}\b"
    r"(?:questions?|changes|revisions?|adjustments?|assistance|help)\b",
    _ANY,
)
_OF_ITSELF = re.compile(r"\b(?:I|me|I['’]m|just\s+(?:ask|say)|feel)\b")
_BARE = re.compile(
    r"[ \t]*[-_#>(\[]{0,6}\s*(?:the\s+)?(?:changes|corrections|revisions|edits|modifications|changelog)\s*[:：]", _ANY
)
"""A heading that a text may have itself: of release notes, of an office."""
_OWN = re.compile(r"\bI\b")
_ABOUT = re.compile(
    rf"\b(?:{_THING}|passages|wording|sentence|details?|facts?|claim|mention|errors?|mistakes?|source|date)\b", _ANY
)
_EAGER = re.compile(
    r"\s*(?:(?:sure|certainly|of\s+course|absolutely|okay|gerne|natürlich|bien\s+sûr|claro|por\s+supuesto|certo|конечно)"
    r"(?!\w)|当然|當然|好的)[^\n:：]{0,120}[:：][ \t]*\n",
    _ANY,
)
_RULE = re.compile(r"\s*(?:[-*_=]\s?){3,}\s*\Z")
_PROSE = re.compile(r"\s*(?:`{3}|~{3}|[-*+•#|]\s|\d{1,3}[.)]\s|STEP\b)", _ANY)
_TAIL = 1200  # characters at either end in which chatter is looked for
_LINE = 200  # characters of a line in which a heading is looked for
_OLD = 0.5  # of a paragraph with this share of its words from the text before, some stood there
_FROM_THERE = 0.9  # of a sentence with this share of its telling words from the sources, nothing is about itself
_TIMES = 6  # pieces at either end


def without_chatter(text: str, before: str, sources: Sequence[str]) -> tuple[str, str]:
    """Return a revision without what is addressed to whoever asked, and what was left out, in order.

    What would leave nothing is left as it is.

    Args:
        text: what a model replied, cleaned.
        before: what it was to revise.
        sources: task, steps and passages.
    """
    head, kept = _without_head(text, before, sources)
    kept, tail = _without_tail(kept, before, sources)
    if not any(character.isalnum() for character in kept):
        return text, ""
    return kept, " ".join(f"{head} {tail}".split())


def left_out(text: str, kept: str) -> str:
    """Return in a line what `without_offers` left out of a text; '' where it kept all."""
    before, _, behind = text.partition(kept) if kept else ("", "", text)
    gone = " ".join(f"{before} {behind}".split())
    return f"left out, as no part of the text: {gone[:80].rstrip()!r}{'…' * (len(gone) > 80)}" if gone else ""


def without_offers(text: str, *, letters: bool = False) -> str:
    """Return a text that was written anew without the label before it and the offers behind it.

    There is no other text by which to tell what belongs to it, so that only what hardly can is left out. With `letters`
    it may be one, which takes its leave itself: then only what speaks of the text is.
    """
    eager = _EAGER.match(text[:_TAIL]) or _LABEL.match(text[:_TAIL])
    kept = text[eager.end() :].lstrip() if eager else text
    for _ in range(_TIMES):
        sentences = split_sentences(kept[-_TAIL:])
        if len(sentences) < 2 or _PROSE.match(kept[kept.rfind("\n") + 1 :]):
            break  # a step or an item of a list is no offer
        last = sentences[-1]
        if not _OFFERS.search(last) and (letters or not _leaves(last)):
            break
        kept = _unruled(kept[: kept.rfind(last.strip())])
    return kept if any(character.isalnum() for character in kept) else text


def _without_head(text: str, before: str, sources: Sequence[str]) -> tuple[str, str]:
    kept = text.lstrip()
    for _ in range(_TIMES):
        label = _LABEL.match(kept[:_TAIL])
        if label and not before.lstrip().startswith(label.group().strip()):
            kept = kept[label.end() :].lstrip()
            continue
        first, blank, rest = kept.partition("\n\n")
        if not (blank and rest.strip() and len(first) < _TAIL and _is_all_talk(first, before, sources)):
            break
        kept = rest.lstrip()
    return text[: len(text) - len(kept)].strip(), kept


def _without_tail(text: str, before: str, sources: Sequence[str]) -> tuple[str, str]:
    kept = text.rstrip()
    for line in re.finditer(r"^.*$", kept, re.MULTILINE):
        heading = _HEADING.match(line.group()[:_LINE]) if line.start() else None
        if heading and heading.group().strip() not in before and not _own_heading(kept[line.start() :], sources):
            kept = _unruled(kept[: line.start()])
            break
    for _ in range(_TIMES):
        shorter = _one_less(kept, before, sources)
        if shorter == kept or not shorter.strip():
            break
        kept = _unruled(shorter)
    return kept, text[len(kept) :].strip()


def _own_heading(text: str, sources: Sequence[str]) -> bool:
    """Whether a heading such as "Changes:" is the text's own: what stands under it is in a source, word for word."""
    if not (bare := _BARE.match(text[:_LINE])):
        return False
    first = next((line for line in text[bare.end() :].splitlines() if line.strip()), "").strip(" \t-*•")
    return bool(first) and any(_in(first, source) for source in sources)


def _one_less(text: str, before: str, sources: Sequence[str]) -> str:
    """A text without its last paragraph or sentence, if that is chatter."""
    start = text.rfind("\n\n") + 2
    last = text[start:] if start > 1 else ""
    if last and len(last) < _TAIL:
        added = len(paragraphs(text)) > len(paragraphs(before))
        if added and _is_foreign(last, before, sources):
            return text[: start - 2].rstrip()
        if _is_all_talk(last, before, sources):
            return text[: start - 2].rstrip()
    begin = max(start if start > 1 else 0, len(text) - _TAIL)
    sentences = split_sentences(text[begin:])
    if len(sentences) == 1 and begin > start:
        return text  # it may begin before what was looked at
    if sentences and _is_talk(sentences[-1], before, sources) and (at := text.rfind(sentences[-1].strip())) > 0:
        return text[:at].rstrip()
    return text


def _is_talk(piece: str, before: str, sources: Sequence[str]) -> bool:
    """Whether a model speaks of its work or takes its leave in a piece, and neither the text before nor a source does.

    In a text that somebody tells of himself, "I added salt" is told: then work is the model's where it names the text.
    """
    said, told = _unquoted(piece), _unquoted(before)
    ways = [way for way in (_speaks, _OFFERS.search, _leaves) if way(said)]
    if ways == [_speaks] and _OWN.search(told) and not _ABOUT.search(said):
        return False
    if not ways or any(way(told) for way in ways):
        return False
    if any(_in(piece, text) for text in (before, *sources)):
        return False
    return not telling(piece) or grounded(piece, sources) < _FROM_THERE


def _speaks(text: str) -> bool:
    return _SPEAKS.search(text) is not None


def _leaves(text: str) -> bool:
    return bool(_LEAVES.search(text) or (_IF_YOU.search(text) and _OF_ITSELF.search(text)))


def _is_all_talk(paragraph: str, before: str, sources: Sequence[str]) -> bool:
    return all(_is_talk(one, before, sources) for one in [paragraph, *split_sentences(paragraph)])


def _is_foreign(piece: str, before: str, sources: Sequence[str]) -> bool:
    """Whether a paragraph of prose was put in that is about something else."""
    if not sources or _PROSE.match(piece) or kept_of(piece, before) >= _OLD:
        return False
    return grounded(piece, sources) < GROUNDED


def _in(piece: str, before: str) -> bool:
    return " ".join(piece.split()) in " ".join(before.split())


def _unruled(text: str) -> str:
    """A text without the line that set off what stood behind it."""
    body, line, last = text.rstrip().rpartition("\n")
    return body.rstrip() if line and len(last) < _LINE and _RULE.match(last) else text.rstrip()


def _unquoted(text: str) -> str:
    """A text without what is said in it by somebody."""
    return re.sub(r"[\"“„«「『][^\"”“»」』]{0,600}[\"”“»」』]", " ", text)
