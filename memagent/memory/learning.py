"""Learning triples from the sentence that says them: through the gate, and each with that sentence as its passage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from memagent.errors import UsageProblem
from memagent.gate import decision
from memagent.gate.echoes import repeats, words
from memagent.gate.marks import unlisted
from memagent.gate.reasons import RECALLED
from memagent.gate.transcripts import of_role
from memagent.stores.keys import key
from memagent.triples import Judge, Learnt, Refusal, Relations
from memagent.types import Note, Role, Triple

_FEW = 5  # passages with the words of an item that are looked at

if TYPE_CHECKING:
    from memagent.memory.core import Core
    from memagent.memory.facts import Facts
    from memagent.types import Scope


def learn(
    facts: Facts,
    core: Core,
    scope: Scope,
    triples: Sequence[Triple],
    sentence: str,
    *,
    context: str,
    shown: Iterable[str],
    speaker: str,
    confidence: float,
    relations: Relations,
    role: Role,
    judge: Judge | None = None,
) -> Learnt:
    """Keep the triples that the gate, and the judge, let through; return their facts' ids, and the others with why not.

    The sentence becomes a passage if a triple is kept that has none.
    """
    if why := of_role(role):
        return Learnt((), (), tuple(Refusal(sentence, why, one) for one in triples))
    kept: list[Triple] = []
    refused: list[Refusal] = []
    for triple in (decision.named(one, speaker, sentence) for one in triples):
        why = decision.why_not(
            triple,
            sentence,
            context=context,
            shown=tuple(shown),
            speaker=speaker,
            confidence=confidence,
            relations=relations,
        ) or _echo(facts, core, scope, triple, sentence)
        if why:
            refused.append(Refusal(sentence, why, triple))
        else:
            kept.append(triple)
    kept, doubted = _judged(judge, kept, sentence)
    refused += doubted
    cited, made = _cited(core, scope, kept, sentence)
    ids = facts.add(cited)
    cites = {one.passage for one, id in zip(cited, ids, strict=True) if id}
    if left := [passage for passage in made if passage not in cites]:
        core.passages.delete(scope, left)  # all that it says was purged, and so was it
    refused += [Refusal(sentence, "it was purged before", one) for one, id in zip(cited, ids, strict=True) if not id]
    learnt = [(id, one) for one, id in zip(cited, ids, strict=True) if id]
    return Learnt(tuple(id for id, _ in learnt), tuple(one for _, one in learnt), tuple(refused))


def _judged(judge: Judge | None, triples: list[Triple], sentence: str) -> tuple[list[Triple], list[Refusal]]:
    """The triples that a judge lets through, and the others with its reasons; nothing is asked where there are none."""
    if judge is None or not triples:
        return triples, []
    whys = list(judge(sentence, tuple(triples)))
    if len(whys) != len(triples):
        said = f"the judge gave {len(whys)} answers for {len(triples)} triples"
        raise UsageProblem(said, hint="Return one text for each triple: why it is not to be kept, or ''.")
    both = list(zip(triples, whys, strict=True))
    return [one for one, why in both if not why], [Refusal(sentence, why, one) for one, why in both if why]


def _echo(facts: Facts, core: Core, scope: Scope, triple: Triple, sentence: str) -> str:
    """Why not, where the sentence is what the memory holds, in a form in which a memory prints it.

    It is the words of a fact, in whatever form, while no passage of the fact says so; or an item of a list with the
    words of a passage.
    """
    if triple.passage is not None:
        return ""
    if unlisted(sentence) != sentence and _repeats_passage(core, scope, sentence):
        return f"the sentence is {RECALLED}"
    said = key(sentence.strip(" .!"))
    if words(sentence) != words(f"{triple.subject} {triple.relation} {triple.object}"):
        return ""
    held = facts.find(triple.subject, triple.relation, triple.object)
    cited = sorted({id for fact in held for id in fact.passages})
    told = {key(passage.text.strip(" .!")) for passage in core.passages.get(scope, cited)} if cited else set()
    return "the memory holds it already, in these words" if held and said not in told else ""


def _repeats_passage(core: Core, scope: Scope, sentence: str) -> bool:
    """Whether the words of an item stand in a passage that the scope has."""
    found = core.passages.match(scope, unlisted(sentence), _FEW)
    return repeats(sentence, [match.passage.text for match in found])


def _cited(core: Core, scope: Scope, triples: Sequence[Triple], sentence: str) -> tuple[list[Triple], list[str]]:
    """The triples with the id of the passage that says them, made of the sentence where they have none; what was made.

    The passages go first: killed in between, the memory holds a sentence whose facts are not learnt yet.
    """
    notes = {
        (one.source, one.at): Note(sentence, source=one.source, at=one.at) for one in triples if one.passage is None
    }
    several = list(notes.values())
    there = core.passages.known(scope, several) if several else {}
    ids = core.passages.add(scope, several, core.vectors(scope, several)) if several else []
    passages = dict(zip(notes, ids, strict=True))
    made = [id for place, id in enumerate(ids) if place not in there]
    cited = [one if one.passage is not None else replace(one, passage=passages[one.source, one.at]) for one in triples]
    return cited, made
