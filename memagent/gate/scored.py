"""Whether a line was found by a search: by the score beside it, the rank before it, or a heading that says where.

`Treffer 1 von 2 (Ähnlichkeit 0,79): ...`, `— ...: живёт в Перми (0.91)`, `[Из памяти, найдено 3 записи]`: a fraction
of one in brackets, with a word before it or none, is how near something was, and a person's numbers have a unit behind
them. By form, so in any language; the headings in ten languages.
"""

from __future__ import annotations

import re

_OPEN = ("[", "【", "(", "（")
_DIGIT = re.compile(r"\d")
_FRACTION = r"(?:[01]?[.,]\d{1,4}|\d{1,3}(?:[.,]\d+)?\s?%)"
_BEHIND = re.compile(r"\S\s*[(\[【（](?:[^()\[\]（）\n]{0,30}[^\w.,%])?(?:[01]?[.,]\d{1,4})\s*[)\]】）][.。]?\s*$")
_NAMED = re.compile(
    r"(?i)(?<!\w)(?:score|similarity|relevance|distance|ähnlichkeit|relevanz|pertinence|similarit\w+|puntuación|"
    r"similitud|"
    r"relevancia|punteggio|rilevanza|pontuação|relevância|gelijkenis|оценка|сходство|релевантность|相似度|得分|分数|類似度|スコア)"
    r"\W{0,3}[01]?[.,]\d{1,4}\W*$"
)
_BEFORE = re.compile(
    rf"^[^:：!?\n]{{0,40}}[(\[（][^()\[\]（）\n]{{0,30}}(?<![\w.,]){_FRACTION}\s*[)\]）]\s*[:：–—-]\s|"
    rf"^\W{{0,6}}[(\[（]?[01][.,]\d{{1,4}}\s*[)\]）|:：–—-]+\s+\S"
)
_LABELLED = re.compile(r"^[^:：.,!?\n]{1,30}\s[01][.,]\d{1,4}\s*[:：]\s")
_RANK = re.compile(
    r"(?i)^\W{0,6}(?:[^\W\d_]+\s){0,2}?[\u3040-\u9fff]{0,8}(?:#|№|n[º°o]\.?\s?)?\d{1,3}\s?(?:/|of|von|de|di|sur|van|"
    r"из|之|"
    r"中)\s?\d{1,3}\b[^:：.!?\n]{0,40}"
    r"(?::\s|：)|^\W{0,6}第?\s?\d{1,3}\s?[条件个]\s?(?:[/／]\s?共?\s?\d{1,3}\s?[条件个])?[^:：。\n]{0,20}[:：]"
)
_HEADING = re.compile(
    r"(?i)^\s*[\[【(（][^\[\]【】()（）\n]{0,60}(?<!\w)(?:memor(?:y|ies)|mémoire|souvenirs?|memoria|memorie|recuerdos|"
    r"ricordi|"
    r"memória|lembranças|geheugen|herinnering\w*|gedächtnis\w*|erinnerung\w*|speicher|памят\w*|воспоминани\w*|"
    r"记忆|記憶|回忆|メモリ)[^\[\]【】()（）\n]{0,60}[\]】)）]"
)


def is_scored(line: str) -> bool:
    """Return whether a line has the score or the rank of something found, or begins in brackets with where it was."""
    patterns = (_BEHIND, _NAMED, _BEFORE, _LABELLED, _RANK) if _DIGIT.search(line) else ()
    return any(pattern.search(line) for pattern in patterns) or (
        line.lstrip()[:1] in _OPEN and _HEADING.match(line) is not None
    )
