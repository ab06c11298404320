"""What the memory itself printed, fed back as what a user says: it teaches nothing, and each refusal is listed.

The outputs are made here by the real code: search results, `why`, prompts, tables of facts, the command line in words
and as JSON, an export, documents of LangChain. The model proposes every triple of a sentence that it is asked about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice, permutations
from pathlib import Path

import pytest
from click.testing import CliRunner

from memagent import Chat, Controller, Memory
from memagent.cli import root
from memagent.methods.memllm_grammar import print_write
from memagent.methods.memllm_write import memllm_write
from memagent.prompts import fill
from memagent.testing import ScriptedLLM
from memagent.types import Request

PASSAGES = ("Ida Holm keeps the lamp of Gull Point.", "Нина продала дачу под Клином.", "我表哥志远在青岛开了一家潜水店。")
FACTS = (("Ida Holm", "sails to", "Visby"), ("Rosendo", "no soporta", "cilantro"), ("Нина", "живёт в", "Перми"))
_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"\(\{USER_ST\}\)(.*)\(\{USER_END\}\)", re.DOTALL)


def every_triple(request: Request) -> str:
    """The reply of a model that takes each word of the sentence for a subject, a relation and an object."""
    asked = _SENTENCE.search(request.messages[-1].content)
    assert asked
    words = dict.fromkeys(_WORD.findall(asked[1]))
    return print_write(list(islice(permutations(words, 3), 400)))


def outputs(memory: Memory, file: Path, folder: Path) -> dict[str, str]:
    """Everything that shows what a memory holds, by what made it."""
    hits = memory.search("lamp of Gull Point", k=3)
    ids = [hit.id for hit in hits]
    held = list(memory.facts)
    memory.export(folder / "all.jsonl")
    documents = memory.as_retriever(k=3).invoke("lamp of Gull Point")
    listed = "\n".join(f"[{number}] {hit.text}" for number, hit in enumerate(hits, 1))
    found = {
        "search": "\n".join(f"{hit.score:.2f} {hit.text}" for hit in hits),
        "search as printed": "\n".join(map(str, hits)),
        "search, the hits": "\n".join(map(repr, hits)),
        "why of a passage": str(memory.why(ids[0])),
        "why of a fact": str(memory.why(held[0].id)),
        "why not": str(memory.why_not(held[0].id, "lamp")),
        "facts": "\n".join(map(str, held)),
        "facts, the objects": "\n".join(map(repr, held)),
        "facts as triples": "\n".join(str((fact.subject, fact.relation, fact.object)) for fact in held),
        "documents": "\n".join(map(repr, documents)),
        "documents as texts": "\n\n".join(document.page_content for document in documents),
        "documents as JSON": json.dumps([document.model_dump() for document in documents], default=str),
        "export": (folder / "all.jsonl").read_text(encoding="utf-8"),
    }
    for name, prompt in {
        "plain answer": fill("plain/answer", passages=listed, question="Who keeps the lamp?"),
        "write": fill("memllm/write", context=hits[0].text, sentence=hits[1].text, speaker="Yuki"),
    }.items():
        found |= {f"prompt, {name}, {message.role}": message.content for message in prompt}
    return found | {f"memagent {' '.join(words)}": printed(words, file) for words in commands(ids[0], held[0].id)}


def commands(passage: str, fact: str) -> Iterator[tuple[str, ...]]:
    for words in (
        ("search", "lamp of Gull Point"),
        ("show",),
        ("show", passage),
        ("triples", "show"),
        ("why", passage),
        ("why", fact),
        ("ask", "Who keeps the lamp of Gull Point?", "-m", "offline"),
    ):
        yield words
        yield (*words, "--json")


def printed(words: tuple[str, ...], file: Path) -> str:
    run = CliRunner().invoke(root, [*words, "--db", str(file), "--user", "yuki"])
    assert run.exit_code == 0, (words, run.output)
    return run.stdout


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    folder = tmp_path_factory.mktemp("held")
    with Memory(folder / "memory.db", embedder="hashing:256").bind(user="yuki") as memory:
        memory.add(PASSAGES)
        memory.facts.add(FACTS)
        return outputs(memory, folder / "memory.db", folder)


def test_what_it_printed_teaches_an_empty_memory_nothing_and_each_refusal_is_listed(held: Mapping[str, str]) -> None:
    assert len(held) > 25
    for name, text in held.items():
        assert any(part in text for part in ("Ida", "Нина", "潜水", "\\u")), (name, text)
        with Memory(":memory:", embedder="hashing:64", single_user=True) as memory:
            model = ScriptedLLM([every_triple] * 200)
            written = Controller(model, memory=memory).run(memllm_write(text, speaker="Yuki")).value
            assert written.ids == (), (name, text, written.triples)
            assert written.refused, name
            assert all(refusal.text and refusal.why for refusal in written.refused)
