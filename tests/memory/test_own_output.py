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
from memagent.chat.reply import Reply
from memagent.cli import root
from memagent.display.triples import of_facts, view_of
from memagent.methods.memllm_grammar import print_write
from memagent.methods.memllm_write import memllm_write
from memagent.prompts import fill
from memagent.testing import ScriptedLLM
from memagent.types import Request

PASSAGES = (
    "Ida Holm keeps the lamp of Gull Point.",
    "Нина продала дачу под Клином.",
    "我表哥志远在青岛开了一家潜水店。",
)
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
        "documents as JSON": json.dumps([document.model_dump() for document in documents], default=str),
        "export": (folder / "all.jsonl").read_text(encoding="utf-8"),
    }
    found["facts as a table"] = view_of(held[0]).text + "\n" + of_facts(held).text
    for name, arguments in {
        "search_memory": {"query": "lamp of Gull Point"},
        "list_memories": {},
        "explain_memory": {"id": ids[0]},
        "find_facts": {"subject": "Ida Holm"},
    }.items():
        found[f"tool {name}"] = answered(memory, name, arguments)
    for name, prompt in {
        "plain answer": fill("plain/answer", passages=listed, question="Who keeps the lamp?"),
        "write": fill("memllm/write", context=hits[0].text, sentence=hits[1].text, speaker="Yuki"),
    }.items():
        found |= {f"prompt, {name}, {message.role}": message.content for message in prompt}
    reply, shown = told(memory)
    found |= {"chat, the prompt": shown, "chat, why": str(reply.why()), "chat, as JSON": json.dumps(reply.as_json())}
    return found | {f"memagent {' '.join(words)}": printed(words, file) for words in commands(ids[0], held[0].id)}


def told(memory: Memory) -> tuple[Reply, str]:
    """The reply of a chat, and all that its model was shown beside the message."""
    model = ScriptedLLM(["I do not know it."])
    chat = Chat(model, memory, extract="never").bind(user="yuki", session="s", speaker="Yuki")
    reply = chat.send("Who keeps the lamp of Gull Point?")
    shown = model.requests[0].messages[-1].content
    assert "Ida Holm" in shown
    return reply, shown


def answered(memory: Memory, name: str, arguments: Mapping[str, str]) -> str:
    """What a tool of the memory gives back to the model that called it."""
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    return str(memory.as_openai_tools().run_chat({"tool_calls": [call]})[0]["content"])


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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("held")


@pytest.fixture(scope="module")
def memory(folder: Path) -> Iterator[Memory]:
    with Memory(folder / "memory.db", embedder="hashing:256").bind(user="yuki") as memory:
        memory.add(PASSAGES)
        memory.facts.add(FACTS)
        yield memory


@pytest.fixture(scope="module")
def held(memory: Memory, folder: Path) -> Mapping[str, str]:
    return outputs(memory, folder / "memory.db", folder)


def every_other(request: Request) -> str:
    return every_triple(request) if request.label == "memllm/write" else "I see."


def test_what_it_printed_teaches_an_empty_memory_nothing_and_each_refusal_is_listed(held: Mapping[str, str]) -> None:
    assert sum("Ida" in text for text in held.values()) > 25
    for name, text in held.items():
        with Memory(":memory:", embedder="hashing:64", single_user=True) as empty:
            model = ScriptedLLM([every_triple] * 200)
            written = Controller(model, memory=empty).run(memllm_write(text, speaker="Yuki")).value
            assert written.ids == (), (name, text, written.triples)
            assert written.refused, name
            assert all(refusal.text and refusal.why for refusal in written.refused)


def test_what_it_holds_teaches_it_nothing_when_a_user_says_it_in_a_chat(
    memory: Memory, held: Mapping[str, str]
) -> None:
    before = memory.facts.count()
    bot = Chat(ScriptedLLM([every_other] * 900), memory, context_tokens=100_000)
    me = bot.bind(user="yuki", session="s", speaker="Yuki")
    for text in held.values():
        me.send(text)
    learned = bot.flush()
    assert learned.turns >= len(held)  # and what was asked before
    assert learned.failed == {}
    assert learned.facts == ()
    assert memory.facts.count() == before
    assert len(learned.refused) > len(held)


def test_bare_texts_of_documents_are_refused_where_it_is_known_that_they_were_shown() -> None:
    with Memory(":memory:", embedder="hashing:256", single_user=True) as holds:
        holds.add(PASSAGES)
        texts = [document.page_content for document in holds.as_retriever(k=3).invoke("lamp of Gull Point")]
    assert len(texts) > 1
    with Memory(":memory:", embedder="hashing:64", single_user=True) as empty:
        run = memllm_write("\n\n".join(texts), speaker="Yuki", shown=texts)
        written = Controller(ScriptedLLM([every_triple] * 200), memory=empty).run(run).value
        assert written.ids == ()
        assert {refusal.text for refusal in written.refused} == {*texts}


def test_the_same_model_teaches_a_memory_what_a_user_says() -> None:
    with Memory(":memory:", embedder="hashing:64", single_user=True) as empty:
        model = ScriptedLLM([every_triple])
        assert Controller(model, memory=empty).run(memllm_write("Ida keeps bees.", speaker="Yuki")).value.ids
