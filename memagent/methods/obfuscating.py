"""Taking out of a problem what it is about, so that problems are found by their structure (ARM-RAG, section 3.4).

Names and nouns are listed, by one call of a model or by a function of one's own, and replaced where they stand as words
of their own. In writing that puts no blanks between words (Chinese, Japanese, Thai, Lao, Burmese, Khmer) nothing shows
where a word ends, so that a noun is replaced wherever its signs stand, the longest first. `obfuscated` puts made-up
words in their place, the same for the same text and seed; `structure` numbers them by where they come first, so that
two problems with the same skeleton get the same text.

The published code replaces `art` inside `cart`, has twenty words and leaves the rest as they are, draws them anew each
time, takes three calls, and crashes where one fails.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from memagent.flow import Flow
from memagent.prompts import fill
from memagent.structured import Unreadable, ask, json_object

Nouns = Callable[[str], Iterable[str]]
"""Lists the names and nouns of a problem."""

_STARTS = "b d f g k l m n p r s t v z bl br dr fl fr gl gr kl kr pl pr sk sl sm sn sp st str tr vr".split()
_VOWELS = "a e i o u ai ea oo".split()
_ENDS = "b d g k l m n p r s t v x z nd nt rk rt st sk lm".split()
_SCHEMA = {
    "type": "object",
    "properties": {"nouns": {"type": "array", "items": {"type": "string"}}},
    "required": ["nouns"],
    "additionalProperties": False,
}


def listed(problem: str, *, timeout: float | None = 120.0) -> Flow[list[str]]:
    """Ask a model for the names and nouns of a problem: one call, up to two where the reply is unreadable.

    Raises:
        ReplyError: both replies were unreadable.
    """
    messages = fill("arm_rag/nouns", problem=problem)
    return (
        yield from ask(
            messages, nouns_in, label="arm_rag/nouns", schema=_SCHEMA, tries=2, temperature=0.0, timeout=timeout
        )
    )


def obfuscated(problem: str, nouns: Iterable[str], *, seed: int = 0) -> str:
    """Return a problem with a made-up word in place of each noun, the same ones for the same problem and seed."""
    words: dict[str, str] = {}

    def made(noun: str) -> str:
        for number in range(len(words) + 1_000_000):
            word = _word(f"{seed}\n{problem}\n{noun.casefold()}\n{number}")
            if word not in words.values() and word not in problem.casefold():
                return words.setdefault(noun.casefold(), word)
        raise AssertionError("unreachable: there are more made-up words than that")

    return _replaced(problem, nouns, lambda noun: words.get(noun.casefold()) or made(noun))


def structure(problem: str, nouns: Iterable[str]) -> str:
    """Return a problem with its nouns numbered by where they come first: `thing 1`, `thing 2`, ..."""
    numbers: dict[str, int] = {}
    return _replaced(problem, nouns, lambda noun: f"thing{numbers.setdefault(noun.casefold(), len(numbers) + 1)}")


def _replaced(problem: str, nouns: Iterable[str], word: Callable[[str], str]) -> str:
    """Replace nouns as whole words, the longest first; a plural keeps its ending, unless it is listed.

    A noun stands for both its forms, whichever is listed, by the rules of English and its commonest exceptions. Case
    does not count, but for what is a name: `May` is not `may`.
    """
    named = {noun.strip() for noun in nouns if any(map(str.isalpha, noun))}
    wanted: dict[str, tuple[str, str]] = {}
    for noun in sorted(named, key=lambda noun: (-len(noun), noun)):
        single = _singular(noun, named)
        wanted.setdefault(noun.casefold(), (single, ""))
        for form, ending in ((single, ""), (_plural(single), "s"), (f"{single}s", "s"), (f"{single}es", "es")):
            wanted.setdefault(form.casefold(), (single, ending))
    if not wanted:
        return problem
    pattern = _pattern(sorted(wanted, key=lambda form: (-len(form), form)))
    names = {noun.casefold() for noun in named if _is_name(noun, problem)} - {noun for noun in named if noun.islower()}

    def replaced(found: re.Match[str]) -> str:
        said = found.group()
        single, ending = wanted.get(said.casefold(), (said, ""))
        if said.casefold() in names and said[0].islower():
            return said
        start, end = found.span()
        before, after = problem[max(0, start - 1) : start], problem[end : end + 1]
        return " " * _in_word(before) + word(single) + ending + " " * _in_word(after)

    return pattern.sub(replaced, problem)


def _pattern(forms: Sequence[str]) -> re.Pattern[str]:
    """What finds these forms as words; where the writing of an end of one has no blanks, anything may stand there."""

    def ends(form: str) -> tuple[bool, bool]:
        return _WITHOUT_BLANKS.match(form[0]) is None, _WITHOUT_BLANKS.match(form[-1]) is None

    parts: list[str] = []
    for (first, last), some in groupby(forms, key=ends):
        before, after = f"(?<!{_LETTER})" if first else "", f"(?!{_LETTER})" if last else ""
        parts.append(f"{before}(?:{'|'.join(map(re.escape, some))}){after}")
    return re.compile("|".join(parts), re.IGNORECASE)


def _is_name(noun: str, problem: str) -> bool:
    """Whether a noun is a name, which the same word with a small letter is not.

    It has a capital letter within a sentence, or is spelt as one of the auxiliary verbs of English.
    """
    if not noun[:1].isupper():
        return False
    return noun in _VERBS or re.search(rf"[\w,] {re.escape(noun)}(?!\w)", problem) is not None


def _in_word(sign: str) -> bool:
    """Whether a sign beside a noun would run into the word that stands for the noun."""
    return sign.isalnum() or sign == "_"


def _plural(noun: str) -> str:
    """The plural of an English noun; of one that has none of these endings, with an s."""
    last = noun.rsplit(" ", 1)[-1]
    if (odd := _ODD.get(last.casefold())) is not None:
        return noun[: len(noun) - len(last)] + odd
    if re.search(r"[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    if re.search(r"(?:[aeo]l|ar|[^aeiou]l|ea|oa|l)f$|(?:i|ni|wi)fe$", noun):
        return re.sub(r"fe?$", "ves", noun)
    return f"{noun}es" if re.search(r"(?:s|x|z|ch|sh)$", noun) else f"{noun}s"


def _singular(noun: str, named: set[str]) -> str:
    """The form whose plural a listed noun is: one that is listed as well, or by its ending; else itself."""
    last = noun.rsplit(" ", 1)[-1]
    head = noun[: len(noun) - len(last)]
    for single, plural in _ODD.items():
        if last.casefold() == plural:
            return head + single
    tries = [re.sub(end, new, noun) for end, new in _ENDINGS if re.search(end, noun)]
    known = [one for one in tries if one in named]
    return (known or [one for one in tries if _plural(one) == noun] or [noun])[0]


def nouns_in(reply: str) -> list[str]:
    """Read a list of nouns from a reply: a JSON object or list, or lines with bullets; numbers are left out.

    Raises:
        Unreadable: it has none of these.
    """
    bare = reply.strip("` \njson")
    if "{" in reply or bare.startswith("["):
        found = json_object(f'{{"nouns": {bare}}}' if bare.startswith("[") else reply).get("nouns")
    else:
        found = [line.strip()[1:] for line in reply.splitlines() if line.strip()[:1] in tuple("-*•")] or None
    if not isinstance(found, list):
        raise Unreadable('it has no list "nouns" of texts')
    nouns = [noun.strip() for noun in found if isinstance(noun, str)]
    return list(dict.fromkeys(noun for noun in nouns if noun and not any(map(str.isdigit, noun))))


_BLANKLESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_WITHOUT_BLANKS = re.compile(f"[{_BLANKLESS}]")
_LETTER = rf"[^\W{_BLANKLESS}]"  # of a writing that puts blanks between words
_VERBS = ("May", "Will")
_ENDINGS = ((r"ies$", "y"), (r"ves$", "f"), (r"ves$", "fe"), (r"es$", ""), (r"(?<![su])s$", ""))
_ODD = {
    "child": "children", "person": "people", "man": "men", "woman": "women", "foot": "feet", "tooth": "teeth",
    "mouse": "mice", "goose": "geese", "ox": "oxen",
}  # fmt: skip


def _word(seed: str) -> str:
    digest = hashlib.blake2b(seed.encode("utf-8", "replace"), digest_size=8).digest()
    parts = (_STARTS, _VOWELS, _ENDS, _VOWELS, _ENDS)
    return "".join(some[byte % len(some)] for some, byte in zip(parts, digest, strict=False))
