"""Words as conversations are searched by them: without endings, and irregular English forms as their common one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from memagent.terms import runs, stem

_LEAST, _PART = 4, 0.65  # letters that words which are akin have in common, and as a part of the longer one


def stems(text: str) -> Iterator[str]:
    """Yield the words of a text as they are compared; of scripts without spaces all windows up to a query's."""
    for run in runs(text):
        if run.width == 1:
            yield root(run.units[0])
        else:
            for width in range(1, run.width + 1):
                for start in range(len(run.units) - width + 1):
                    yield "".join(run.units[start : start + width])


@lru_cache(maxsize=1 << 16)
def root(word: str) -> str:
    """Return a folded word as it is compared."""
    return stem(_PRESENT.get(word, word))


def akin(word: str, other: str) -> bool:
    """Say whether two words begin alike so far that they are forms of one, as in languages without a stemmer here."""
    common = next((n for n, (one, another) in enumerate(zip(word, other, strict=False)) if one != another), None)
    if common is None:
        common = min(len(word), len(other))
    return common >= max(_LEAST, _PART * max(len(word), len(other)))


# What a question with «did» asks for by another word than a story tells it by: forms that no ending explains.
_PRESENT = {
    past: verb
    for verb, pasts in (
        entry.split("=")
        for entry in (
            "become=became begin=began,begun break=broke,broken bring=brought build=built buy=bought catch=caught "
            "choose=chose,chosen draw=drew,drawn drink=drank,drunk drive=drove,driven eat=ate,eaten fall=fell,fallen "
            "feel=felt fight=fought find=found fly=flew,flown forget=forgot,forgotten get=got,gotten give=gave,given "
            "go=went,gone grow=grew,grown hear=heard hide=hid,hidden hold=held keep=kept know=knew,known lead=led "
            "learn=learnt leave=left lend=lent lose=lost make=made mean=meant meet=met pay=paid ride=rode,ridden "
            "run=ran say=said see=saw,seen sell=sold send=sent sew=sewn shoot=shot sing=sang,sung sleep=slept "
            "speak=spoke,spoken spend=spent steal=stole,stolen swim=swam,swum take=took,taken teach=taught tell=told "
            "think=thought throw=threw,thrown wake=woke,woken wear=wore,worn win=won write=wrote,written "
            "child=children person=people wife=wives life=lives foot=feet tooth=teeth mouse=mice"
        ).split()
    )
    for past in pasts.split(",")
}
