"""Samples that teach to write (MemLLM, arXiv:2404.11672): a sentence, those before it, and what it states."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product

from documents import Document, Mention, Relation
from samples import Sample

from memagent.methods.memllm_grammar import Words, print_write

BEGINS, ENDS = "({USER_ST})", "({USER_END})"
"""What stands before and behind the sentence that triples are taken from."""

Says = Callable[[str, str, Words], bool]
"""Whether a sentence, behind those before it, states a triple: (before, sentence, triple) -> bool."""

Pair = tuple[Mention, Mention]


def write_samples(
    document: Document, *, seed: int = 0, says: Says | None = None, context: int = 25, below: int = 32, bucket: int = 0
) -> list[Sample]:
    """Return a sample for each sentence; one that states nothing teaches to write an empty list.

    A triple belongs to each sentence of its evidence at which both its arguments have been mentioned, one of them in
    that sentence. Of the pairs of mentions that fit so, one is drawn. Where a relation has no evidence, it belongs to
    each such sentence of which `says` says yes, and to the last such sentence where there is none.

    Args:
        document: the document.
        seed: of the draws; each depends on it, the title, the bucket and the place alone.
        says: judges a sentence where the evidence is missing.
        context: how many sentences before are shown.
        below: sentences with so many triples or more are left out.
        bucket: which copy of the document this is.
    """
    stated: list[dict[Words, Pair]] = [{} for _ in document.sentences]
    for number, relation in enumerate(document.relations):
        where = f"{seed}/{bucket}/{document.title}/{number}"
        drawn = {
            at: random.Random(f"{where}/{at}").choice(pairs) for at, pairs in _possible(document, relation).items()
        }
        for at in _places(document, relation, drawn, says, context):
            stated[at].setdefault(_words(relation, drawn[at]), drawn[at])
    return [
        _sample(document, at, triples, context, bucket) for at, triples in enumerate(stated) if len(triples) < below
    ]


def _possible(document: Document, relation: Relation) -> dict[int, list[Pair]]:
    """Return the pairs of mentions for each sentence by which both are there and in which one of them is."""
    heads, tails = (
        [mention for mention in document.mentions if mention.entity == entity]
        for entity in (relation.head, relation.tail)
    )
    possible: dict[int, list[Pair]] = {}
    for head, tail in product(heads, tails):
        possible.setdefault(max(head.sentence, tail.sentence), []).append((head, tail))
    return dict(sorted(possible.items()))


def _places(
    document: Document, relation: Relation, drawn: dict[int, Pair], says: Says | None, context: int
) -> list[int]:
    """Return the sentences that a relation belongs to."""
    if relation.evidence:
        return [at for at in relation.evidence if at in drawn]
    judged = [
        at
        for at, pair in drawn.items()
        if says and says(document.before(at, context), document.sentence(at), _words(relation, pair))
    ]
    return judged or list(drawn)[-1:]


def _words(relation: Relation, pair: Pair) -> Words:
    return pair[0].text, relation.name, pair[1].text


def _sample(document: Document, at: int, stated: dict[Words, Pair], context: int, bucket: int) -> Sample:
    """Return the sample of a sentence, its triples in the order in which the text completes them."""
    ordered = sorted(stated, key=lambda words: max(mention.start for mention in stated[words]))
    prompt = f"{document.before(at, context)}{BEGINS}{document.sentence(at)}{ENDS}"
    text = prompt + print_write(ordered)
    return Sample("write", document.title, text, ((len(prompt), len(text)),), ends=True, bucket=bucket)
