"""Every verb of a memory that waits for the disk or an embedder has a form for event loops."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from memagent.memory import Memory
from memagent.memory.extractions import Extractions
from memagent.memory.facts import Facts
from memagent.memory.rationales import Rationales
from memagent.types import Rationale

AT_ONCE = {
    "bind": "makes a handle and reads nothing",
    "as_vectorstore": "makes a handle and reads nothing",
    "as_langgraph_store": "makes a handle and reads nothing",
    "as_retriever": "makes a handle and reads nothing",
    "as_chat_history": "makes a handle and reads nothing",
    "as_agents_session": "makes a handle and reads nothing",
    "as_openai_tools": "makes a handle and reads nothing",
}


@pytest.mark.parametrize("kind", [Memory, Facts, Rationales, Extractions])
def test_every_verb_has_a_form_for_event_loops(kind):
    verbs = {name: verb for name, verb in vars(kind).items() if inspect.isfunction(verb) and not name.startswith("_")}
    forms = {name for name, verb in verbs.items() if inspect.iscoroutinefunction(verb)}
    plain = verbs.keys() - forms
    assert forms == {f"a{name}" for name in plain - AT_ONCE.keys()}
    for name in plain - AT_ONCE.keys():
        mine, its = (list(inspect.signature(verbs[one]).parameters.values()) for one in (name, f"a{name}"))
        assert mine == its, name


def test_what_runs_at_once_is_there():
    assert all(inspect.isfunction(vars(Memory)[name]) for name in AT_ONCE)


@pytest.fixture
def alice(tmp_path):
    with Memory(tmp_path / "notes.db", embedder="hashing:256") as opened:
        yield opened.bind(user="alice")


async def _all(alice):
    [id] = await alice.aadd("Fog horn.")
    await alice.aedit(id, "Fog bell.")
    hits = await alice.asearch("bell")
    await alice.aforget(id)
    await alice.arestore(id)
    told = await alice.awhy(id)
    [fact] = await alice.facts.aadd(("Ida", "rings", "the bell"))
    assert (await alice.facts.aget(fact)).object == (await alice.facts.afind("ida"))[0].object == "the bell"
    solved = await alice.rationales.aadd(Rationale("2 + 2?", "count", "4"))
    assert [one.id for one in await alice.rationales.aall()] == solved and await alice.rationales.asearch("2 + 2?")
    assert [passage.id for passage in await alice.apassages()] == [id] and await alice.asources() == []
    return (await alice.aget(id)).text, hits[0].id == id, told.verdict, (await alice.apurge(id)).total


def test_the_forms_do_what_the_verbs_do(alice):
    assert asyncio.run(_all(alice)) == ("Fog bell.", True, "live", 1)


def test_what_a_form_iterates_over_is_read_away_from_the_event_loop(alice):
    import threading

    alice.add(["Fog horn.", "Fog bell."])
    threads = set()
    read = alice.core.file().read

    def told(*args):
        threads.add(threading.current_thread())
        return read(*args)

    alice.core.database.read = told
    assert len(asyncio.run(alice.apassages())) == 2
    assert threads and threading.main_thread() not in threads
