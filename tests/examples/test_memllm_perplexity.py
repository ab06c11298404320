"""Perplexity with a memory, by a model of random weights: the same as working each token out by itself."""

from __future__ import annotations

import math
from pathlib import Path

import documents
import pytest
import tiny_model
from documents import read_document
from reads import calls

from memagent.methods.memllm_grammar import OPEN, print_read

pytestmark = pytest.mark.skipif(bool(tiny_model.MISSING), reason=f"not installed: {', '.join(tiny_model.MISSING)}")
FOLDER = Path(__file__).parents[2] / "examples" / "memllm_finetune"
RAW = {
    "title": "Ida",
    "sents": [["Ida", "lives", "in", "Oslo", "."], ["There", "works", "Bo", "too", "."]],
    "vertexSet": [
        [{"name": "Ida", "sent_id": 0, "pos": [0, 1], "type": "PER"}],
        [{"name": "Oslo", "sent_id": 0, "pos": [3, 4], "type": "LOC"}],
        [{"name": "Bo", "sent_id": 1, "pos": [2, 3], "type": "PER"}],
    ],
    "labels": [{"h": 0, "t": 1, "r": "P1", "evidence": [0]}, {"h": 0, "t": 2, "r": "P2", "evidence": [1]}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("model")
    tiny_model.build_wide(made)
    return made


def test_9_each_token_is_weighed_by_how_likely_the_read_was(folder: Path) -> None:
    import perplexity
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    document = read_document(RAW, {"P1": "lives in", "P2": "knows"})

    def look_up(query: object) -> tuple[str, ...]:
        return ()

    def ids(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])

    def likely(before: list[int], one: int) -> float:
        with torch.no_grad():
            return float(model(torch.tensor([before])).logits[0, -1].float().softmax(-1)[one])

    first, second = calls(document, look_up)
    texts = ["Ida lives in", " Oslo . There works", " Bo too ."]
    assert "".join(texts) == document.text
    blocks = [print_read(call.queries, call.results) for call in (first, second)]
    assert all("MEM_READ(Ida>>" in block for block in blocks)
    so_far, context, price = ids(texts[0]), ids(texts[0]), 0.0
    wanted = {True: [], False: [], None: []}  # type: ignore[var-annotated]
    for at, one in list(enumerate(so_far))[1:]:
        for means in wanted.values():
            means.append(likely(so_far[:at], one))
    for text, block in zip(texts[1:], blocks, strict=True):
        begins, opening = 1.0, list(context)
        for one in ids(OPEN):
            begins *= likely(opening, one)
            opening.append(one)
        price -= math.log(begins)
        shown, alone = so_far + ids(block), list(so_far)
        for one in ids(text):
            read, none = likely(shown, one), likely(alone, one)
            wanted[False].append(read)
            wanted[None].append(none)
            wanted[True].append(begins * read + (1 - begins) * none)
            shown.append(one)
            alone.append(one)
        so_far, context = alone, shown
    scorer = perplexity.Scorer(model, tokenizer)
    for branching, probabilities in wanted.items():
        options = {"branching": branching is True, "memory": branching is not None}
        found = perplexity.measured(document, look_up, scorer, **options)
        nll = sum(-math.log(one) for one in probabilities) + (price if branching is not None else 0.0)
        assert found.sums["overall"] == pytest.approx(nll, rel=1e-5)
        assert found.counts["overall"] == len(probabilities)
    assert wanted[True] != wanted[False] != wanted[None]


def test_targets_are_the_names_that_are_looked_up_and_entities_all_names(folder: Path) -> None:
    import perplexity
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    document = read_document({**RAW, "labels": RAW["labels"][:1]}, {"P1": "lives in"})
    found = perplexity.measured(document, lambda query: (), perplexity.Scorer(model, tokenizer), branching=False)
    whole = tokenizer(document.text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    places = [document.text.index(name) for name in ("Oslo", "Bo")]
    oslo, bo = (sum(start < at + len(name) and at < end for start, end in whole)
                for at, name in zip(places, ("Oslo", "Bo"), strict=True))  # fmt: skip
    ida = sum(0 < end and 1 <= start < 3 for start, end in whole)  # the first token of all is foretold by nothing
    assert found.counts == {"overall": len(whole) - 1, "target": oslo, "entity": ida + oslo + bo}


@pytest.mark.parametrize("more", [[], ["--branching"]])
def test_the_command_prints_a_table(folder: Path, capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    import perplexity

    names = ["--relations", str(FOLDER / "sample_relations.json")]
    assert perplexity.main([str(folder), str(FOLDER / "sample_docs.json"), *names, *more]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["OVERALL", "TARGET", "ENTITY"]
    assert len(documents.load(FOLDER / "sample_docs.json")) > 1
    assert perplexity.main([str(folder), str(FOLDER / "none.json"), *names]) == 1
