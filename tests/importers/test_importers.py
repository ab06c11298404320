"""Conversations and memories of other programs: all of it, in order, once, with what is left out named."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage, messages_to_dict

from memagent import Memory
from memagent.errors import ScopeRequired, UnknownName, UsageProblem
from memagent.importers import Found, Skipped, import_from, read
from memagent.importers.json_stream import elements
from memagent.importers.values import role_of, text_of, time_of

NINE = datetime(2024, 5, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:") as opened:
        yield opened


def node(key: str, parent: str | None, children: list[str], message: dict[str, Any] | None) -> dict[str, Any]:
    return {"id": key, "parent": parent, "children": children, "message": message}


def said(id: str, role: str, content: Any, minutes: float | None, **more: Any) -> dict[str, Any]:
    at = None if minutes is None else NINE.timestamp() + 60 * minutes
    shaped = content if isinstance(content, dict) else {"content_type": "text", "parts": [content]}
    return {"id": id, "author": {"role": role}, "content": shaped, "create_time": at, "recipient": "all", **more}


def chatgpt() -> list[dict[str, Any]]:
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    hidden = {"metadata": {"is_visually_hidden_from_conversation": True}}
    mapping = {
        "root": node("root", None, ["sys"], None),
        "sys": node("sys", "root", ["a"], said("sys", "system", "", None)),
        "a": node("a", "sys", ["b", "b2"], said("a", "user", "I moved to Porto.", 0)),
        "b2": node("b2", "a", [], said("b2", "assistant", "An answer that was thrown away.", 1)),
        "b": node("b", "a", ["c"], said("b", "assistant", "How lovely!", None, metadata={"model_slug": "gpt-4o"})),
        "c": node(
            "c", "b", ["d"], said("c", "user", {"content_type": "multimodal_text", "parts": [picture, "Look!"]}, 3)
        ),
        "d": node(
            "d", "c", ["e"], said("d", "assistant", {"content_type": "code", "text": "ls()"}, 4, recipient="python")
        ),
        "e": node("e", "d", ["f"], said("e", "tool", {"content_type": "execution_output", "text": "42"}, 5)),
        "f": node("f", "e", ["g"], said("f", "assistant", {"content_type": "thoughts", "thoughts": [{"x": 1}]}, 6)),
        "g": node("g", "f", ["h"], said("g", "user", "Only hidden.", 7, **hidden)),
        "h": node("h", "g", [], said("h", "user", "A half \ud83d emoji.", 8)),
    }
    picture_only = said("p", "user", {"content_type": "multimodal_text", "parts": [picture]}, 0)
    second = {"x": node("x", None, ["y"], picture_only), "y": node("y", "x", [], said("y", "assistant", "A cat.", 1))}
    return [
        {"id": "c1", "title": "Moving", "create_time": NINE.timestamp(), "mapping": mapping, "current_node": "h"},
        {"conversation_id": "c2", "title": "Cats", "mapping": second},  # without current_node: its newest leaf
    ]


def write(path: Path, data: Any) -> Path:
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_a_chatgpt_export_is_taken_up_along_the_branch_that_was_last_looked_at(memory: Memory, tmp_path: Path) -> None:
    place = write(tmp_path / "conversations.json", chatgpt())
    alice = memory.bind(user="alice")
    done = import_from("chatgpt", place, alice)
    assert (done.added, done.there, done.conversations) == (6, 0, 2)
    turns = list(alice.bind(session="c1").passages())
    assert [one.text for one in turns] == ["I moved to Porto.", "How lovely!", "Look!", "42", "A half ? emoji."]
    assert [one.metadata["role"] for one in turns] == ["user", "assistant", "user", "tool", "user"]
    assert turns[0].at == NINE and turns[1].at == NINE and turns[2].at == datetime(2024, 5, 1, 9, 3, tzinfo=UTC)
    assert turns[1].metadata == {
        "conversation": "Moving",
        "chatgpt": {"metadata": {"model_slug": "gpt-4o"}},
        "role": "assistant",
        "message": "b",
    }
    assert turns[2].metadata["left_out"] == ["image_asset_pointer"] and turns[2].title == ""
    assert {one.source for one in turns} == {"chatgpt"}
    assert done.reasons == {
        "has no text": 1,
        "is a call of a tool": 1,
        "is the model's thinking": 1,
        "is hidden": 1,
        "is on a branch that was left": 1,
        "has no text, but image_asset_pointer": 1,
    }
    assert Skipped("conversation 'Moving', node b2", "is on a branch that was left") in done.skipped
    assert memory.bind(user="bob").count() == 0


def test_a_second_import_adds_nothing_and_brings_nothing_back(memory: Memory, tmp_path: Path) -> None:
    place = write(tmp_path / "conversations.json", chatgpt())
    alice = memory.bind(user="alice")
    import_from("chatgpt", place, alice)
    first = [one for one in alice.passages()]
    alice.forget(first[0].id)
    alice.bind(session="c1").edit(first[1].id, "How very lovely!")
    grown = chatgpt()
    grown[1]["mapping"]["y"]["children"] = ["z"]
    grown[1]["mapping"]["z"] = node("z", "y", [], said("z", "user", "Yes, a cat.", 2))
    again = import_from("chatgpt", write(place, grown), alice)
    assert (again.added, again.there) == (1, 6)
    texts = [one.text for one in alice.passages()]
    assert "I moved to Porto." not in texts and "How very lovely!" in texts and texts[-1] == "Yes, a cat."
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("user.json", "{}")
        archive.writestr("conversations.json", json.dumps(chatgpt()))
    assert import_from("chatgpt", tmp_path / "export.zip", alice).added == 0


def test_langchain_histories_are_taken_up_in_each_of_their_forms(memory: Memory, tmp_path: Path) -> None:
    messages = [
        SystemMessage("Be brief."),
        HumanMessage("I moved to Porto.", id="m1", name="Ana", additional_kwargs={"timestamp": NINE.isoformat()}),
        AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "c"}]),
        ToolMessage("It rains.", tool_call_id="c"),
        AIMessage([{"type": "text", "text": "Lovely!"}, {"type": "image_url", "image_url": {"url": "x"}}]),
    ]
    shapes = {
        "list.json": messages_to_dict(messages),
        "by_session.json": {"s1": messages_to_dict(messages)},
        "dumped.json": json.loads(dumps(messages)),
    }
    raw = sqlite3.connect(tmp_path / "history.db")
    raw.execute("CREATE TABLE message_store (id INTEGER PRIMARY KEY, session_id TEXT, message TEXT)")
    rows = [("s9", json.dumps(one)) for one in messages_to_dict(messages)]
    raw.executemany("INSERT INTO message_store (session_id, message) VALUES (?, ?)", rows)
    raw.commit()
    raw.close()
    for name, shape in shapes.items():
        write(tmp_path / name, shape)
    for name, session in [
        ("list.json", "list"),
        ("by_session.json", "s1"),
        ("dumped.json", "dumped"),
        ("history.db", "s9"),
    ]:
        ana = memory.bind(user=name)
        done = import_from("langchain", tmp_path / name, ana)
        turns = list(ana.bind(session=session).passages())
        assert [one.text for one in turns] == ["Be brief.", "I moved to Porto.", "It rains.", "Lovely!"], name
        assert [one.metadata["role"] for one in turns] == ["system", "user", "tool", "assistant"]
        assert turns[1].metadata["speaker"] == "Ana" and turns[1].at == NINE
        assert turns[2].metadata["langchain"]["tool_call_id"] == "c" and turns[3].metadata["left_out"] == ["image_url"]
        assert done.reasons == {"is a call of a tool": 1}
        assert import_from("langchain", tmp_path / name, ana).added == 0


def test_memories_of_mem0_become_passages_and_its_relations_facts(memory: Memory, tmp_path: Path) -> None:
    results = [
        {
            "id": "1f",
            "memory": "Lives in Porto",
            "hash": "h",
            "metadata": {"category": "home"},
            "created_at": "2024-05-01T02:00:00-07:00",
            "updated_at": None,
            "user_id": "ana",
        },
        {"id": "2f", "memory": "Likes tea", "user_id": "ben", "run_id": "r1", "actor_id": "ben"},
    ]
    relations = [{"source": "ana", "relationship": "lives_in", "target": "porto"}, {"source": "ana"}]
    place = write(tmp_path / "mem0.json", {"results": results, "relations": relations})
    ana = memory.bind(user="alice")
    done = import_from("mem0", place, ana, all_as_user=True)
    home, tea = ana.passages()
    assert (done.added, done.facts, done.reasons) == (2, 1, {"is no relation of two things": 1})
    assert (home.text, home.at, home.scope.session) == ("Lives in Porto", NINE, None)
    assert home.metadata == {"mem0": {"metadata": {"category": "home"}}, "user": "ana", "message": "1f"}
    assert tea.scope.session == "r1"
    assert ana.facts.find("ana", "lives in", "porto")
    again = import_from("mem0", place, ana, all_as_user=True)
    assert (again.added, again.facts, again.there) == (0, 0, 3)
    by_user = import_from("mem0", write(place, results), memory, users_from_file=True)
    assert by_user.users == ("ana", "ben") and memory.bind(user="ben").count() == 1


def test_the_history_of_mem0_leaves_what_its_last_events_left(memory: Memory, tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "history.db")
    raw.execute(
        "CREATE TABLE history (id TEXT PRIMARY KEY, memory_id TEXT, old_memory TEXT, new_memory TEXT, event TEXT,"
        " created_at DATETIME, updated_at DATETIME, is_deleted INTEGER, actor_id TEXT, role TEXT)"
    )
    raw.execute(
        "CREATE TABLE messages (id TEXT PRIMARY KEY, session_scope TEXT, role TEXT, content TEXT, name TEXT,"
        " created_at DATETIME)"
    )
    events = [
        ("a", None, "Lives in Porto", "ADD", 0),
        ("b", None, "Likes tea", "ADD", 0),
        ("a", "Lives in Porto", "Lives in Oslo", "UPDATE", 0),
        ("b", "Likes tea", None, "DELETE", 1),
    ]
    for number, (id, old, new, event, gone) in enumerate(events):
        row = (str(number), id, old, new, event, f"2024-05-0{number + 1}T09:00:00+00:00", None, gone, None, None)
        raw.execute("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    raw.execute(
        "INSERT INTO messages VALUES ('m', 'user_id=ana', 'user', 'I live in Oslo now.', NULL, '2024-05-03T09:00:00')"
    )
    raw.commit()
    raw.close()
    ana = memory.bind(user="ana")
    done = import_from("mem0", tmp_path / "history.db", ana)
    assert [one.text for one in ana.passages()] == ["Lives in Oslo", "I live in Oslo now."]
    assert done.reasons == {"was deleted there": 1} and done.conversations == 1


LINES = """\
{"role": "user", "content": "I moved to Porto.", "timestamp": 1714554000, "name": "Ana", "mood": "glad"}
{"role": "assistant", "content": "Lovely!", "session_id": "web-1"}

{"from": "human", "value": "Hello", "time": "some day"}
{"role": "user", "content": "Hello"}
{"role": "user", "content": "Hello"}
{"role": "narrator", "content": "It rained."}
{"messages": [{"role": "user", "content": "one"}, {"role": "ai", "content": null, "tool_calls": [{}]}], "id": "talk"}
{"conversations": [{"from": "gpt", "value": "two"}], "user": "ana"}
"""


def test_plain_lines_are_taken_up_under_whatever_names_they_have(memory: Memory, tmp_path: Path) -> None:
    place = write(tmp_path / "chat.jsonl", LINES)
    ana = memory.bind(user="ana")
    done = import_from("jsonl", place, ana)
    turns = list(ana.bind(session="chat").passages())
    assert [one.text for one in turns] == [
        "I moved to Porto.",
        "Hello",
        "Hello",
        "Hello",
    ]  # the same words, three turns
    assert turns[0].metadata == {"jsonl": {"mood": "glad"}, "role": "user", "speaker": "Ana"}
    assert turns[0].at == NINE and turns[1].metadata["jsonl"] == {"time": "some day"}
    assert [one.text for one in ana.bind(session="web-1").passages()] == ["Lovely!"]
    assert [one.text for one in ana.bind(session="talk").passages()] == ["one"]
    assert [one.text for one in ana.bind(session="line 9").passages()] == ["two"]
    assert done.reasons == {"has the role 'narrator', which is not known": 1, "is a call of a tool": 1}
    assert done.skipped[0].place == "line 7"
    assert import_from("jsonl", place, ana).added == 0


def test_one_conversation_may_be_the_whole_file_and_a_message_may_be_wrapped(memory: Memory, tmp_path: Path) -> None:
    talk = {"id": "t", "messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]}
    ana = memory.bind(user="ana")
    import_from("jsonl", write(tmp_path / "talk.json", json.dumps(talk, indent=2)), ana)
    said = {"role": "user", "content": [{"type": "text", "text": "three"}]}
    wrapped = {"type": "user", "sessionId": "w", "uuid": "u1", "message": said}
    import_from("jsonl", write(tmp_path / "w.jsonl", json.dumps(wrapped)), ana)
    assert [one.text for one in ana.passages()] == ["one", "two", "three"]
    assert next(iter(ana.bind(session="w").passages())).metadata["message"] == "u1"


def test_conversations_on_one_line_are_apart(memory: Memory, tmp_path: Path) -> None:
    talks = [{"messages": [{"role": "user", "content": text}]} for text in ("one", "two", "three")]
    ana = memory.bind(user="ana")
    assert import_from("jsonl", write(tmp_path / "talks.json", json.dumps(talks)), ana).conversations == 3
    assert {one.scope.session for one in ana.passages()} == {"line 1", "line 1, entry 2", "line 1, entry 3"}


def test_a_dry_run_counts_and_writes_nothing(memory: Memory, tmp_path: Path) -> None:
    place = write(tmp_path / "chat.jsonl", LINES)
    ana = memory.bind(user="ana")
    planned = import_from("jsonl", place, ana, dry_run=True)
    assert planned.dry_run and ana.count() == 0
    done = import_from("jsonl", place, ana)
    assert (planned.added, planned.conversations, planned.reasons) == (done.added, done.conversations, done.reasons)
    assert import_from("jsonl", place, ana, dry_run=True).there == done.added
    assert import_from("jsonl", place, None, dry_run=True).added == done.added


def test_the_file_says_whose_it_is_only_when_it_is_asked_to(memory: Memory, tmp_path: Path) -> None:
    place = write(
        tmp_path / "chat.jsonl", '{"role": "user", "content": "Hi", "user": "eve"}\n{"role": "user", "content": "Ho"}\n'
    )
    for dry_run in (True, False):
        with pytest.raises(UsageProblem, match=r"names the user 'eve' \(1\), and all is to be of 'ana'"):
            import_from("jsonl", place, memory.bind(user="ana"), dry_run=dry_run)
    with pytest.raises(UsageProblem, match="names the user 'eve'"):
        import_from("jsonl", place, None, dry_run=True, user="ana")
    assert import_from("jsonl", place, None, dry_run=True, user="eve").added == 2
    assert memory.bind(user="eve").count() == 0 and memory.bind(user="ana").count() == 0
    import_from("jsonl", place, memory.bind(user="ana"), all_as_user=True)
    assert memory.bind(user="eve").count() == 0 and memory.bind(user="ana").count() == 2
    assert next(memory.bind(user="ana").passages()).metadata["user"] == "eve"
    done = import_from("jsonl", place, memory, users_from_file=True)
    assert done.users == ("eve",) and done.reasons == {"names no user": 1} and memory.bind(user="eve").count() == 1
    with pytest.raises(UsageProblem, match="bound to 'ana'"):
        import_from("jsonl", place, memory.bind(user="ana"), users_from_file=True)
    with pytest.raises(ScopeRequired):
        import_from("jsonl", place, memory)


BAD = [
    ("jsonl", '{"role": "user", "content', "line 1 of .* is no JSON"),
    ("jsonl", "3\n[1]", "line 1 of .* is no JSON object"),
    ("jsonl", '{"role": "user"}', "line 1 of .* has no message"),
    ("jsonl", b'{"role": "user", "content": "\xff"}', "line 1 of .* is not UTF-8"),
    ("chatgpt", '[\n{"mapping": {}},\n{"title": "x"}]', "line 3, entry 2 of .* no 'mapping'"),
    ("chatgpt", '[\n{"mapping": {}},\n{"title": "x"', "line 3 of .* is cut short"),
    ("chatgpt", '[\n{"mapping": {}},\n{"title": x, "more": "' + "y" * 100 + '"}]', "line 3 of .* is no JSON"),
    ("chatgpt", '[{"mapping": {}} {"mapping": {}}]', "line 1 of .* a comma is missing"),
    ("chatgpt", '{"mapping": {}}', "line 1 of .* does not begin a JSON list"),
    ("chatgpt", "[" * 100_000, "line 1 of .* (nested too deeply|is cut short)"),
    ("langchain", '[{"role": "user"}, 3]', "line 1, entry 1 of .* no message of LangChain"),
    ("langchain", '{"a": 1}', "line 1 of .* neither a list of messages"),
    ("mem0", '[{"id": 1}]', "no memory of mem0"),
    ("mem0", '{"result": []}', "no export of mem0"),
    ("mem0", '{"results": [\n}', "line 2 of .* is no JSON"),
]


@pytest.mark.parametrize(("format", "data", "words"), BAD)
def test_a_file_that_is_wrong_is_one_error_that_names_the_line(
    memory: Memory, tmp_path: Path, format: str, data: str | bytes, words: str
) -> None:
    place = tmp_path / "file"
    place.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(UsageProblem, match=words):
        import_from(format, place, memory.bind(user="ana"))


ONE_ODD = [
    (
        "jsonl",
        '{"role": "user", "content": "a"}\n{"role": "us\n[1]\n{"text": "a note", "at": "yesterday"}\n{"role": "user"}',
        ["line 2: is no JSON, or was cut short", "line 3: is no JSON object", "line 5: has no message: it needs"],
        ["a", "a note"],
    ),
    (
        "mem0",
        '{"results": ["x", {"memory": "a"}, {"id": 1}]}',
        ["memory 1: is no memory of mem0", "memory 3: has no text"],
        ["a"],
    ),
    (
        "langchain",
        '[{"type": "weird"}, {"type": "human", "data": {"content": "a"}}]',
        ["line 1, entry 1: has no message of LangChain"],
        ["a"],
    ),
    (
        "jsonl",
        '[3, {"role": "user", "content": "a"}, {"role": "narrator", "content": "b"}]',
        ["line 1, entry 1: is no JSON object", "line 1, entry 3: has the role 'narrator'"],
        ["a"],
    ),
    ("mem0", '[{"x": 1}, {"memory": "a"}, {"y": 1}]', ["line 1, entry 1: has no", "line 1, entry 3: has no"], ["a"]),
    ("chatgpt", json.dumps([None, *chatgpt()]), ["line 1, entry 1: begins no conversation of ChatGPT"], []),
]


@pytest.mark.parametrize(("format", "data", "left_out", "taken"), ONE_ODD)
def test_what_is_not_of_the_format_is_left_out_and_named_and_the_rest_is_taken(
    memory: Memory, tmp_path: Path, format: str, data: str, left_out: list[str], taken: list[str]
) -> None:
    ana = memory.bind(user="ana")
    done = import_from(format, write(tmp_path / "file", data), ana)
    told = [str(one) for one in done.skipped]
    assert all(any(one.startswith(words) for one in told) for words in left_out), told
    assert done.added > 0 and {*taken} <= {one.text for one in ana.passages()}
    assert done.untimed == ("yesterday" in data)


def test_what_stands_before_a_fault_is_kept_and_the_error_says_so(memory: Memory, tmp_path: Path) -> None:
    ana, place = memory.bind(user="ana"), tmp_path / "cut.json"
    place.write_text('[{"role": "user", "content": "a"},\n{"role": "user", "content": "b"},\n{"role": "us')
    with pytest.raises(UsageProblem, match=r"line 3 of .* is cut short\nWhat stands before it \(2\) is kept"):
        import_from("jsonl", place, ana)
    assert [one.text for one in ana.passages()] == ["a", "b"]


def test_a_file_that_names_several_users_is_refused_until_it_is_said_whose_all_is(
    memory: Memory, tmp_path: Path
) -> None:
    rows = [{"memory": "Likes tea", "user_id": "ana"}, {"memory": "Has debts", "user_id": "bob"}, {"memory": "Runs"}]
    place = write(tmp_path / "all.json", json.dumps({"results": rows}))
    ana = memory.bind(user="ana")
    with pytest.raises(UsageProblem, match="names 2 users: 'ana' \\(1\\), 'bob' \\(1\\)") as refused:
        import_from("mem0", place, ana)
    assert "--users-from-file" in refused.value.hint and "--all-as-user" in refused.value.hint
    assert ana.count() == 0
    assert import_from("mem0", place, memory, users_from_file=True).users == ("ana", "bob")
    assert {one.text for one in ana.passages()} == {"Likes tea"}
    assert import_from("mem0", place, memory.bind(user="cat"), all_as_user=True).added == 3


def test_other_files_and_formats_are_refused(memory: Memory, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").execute("CREATE TABLE t (a)")
    for format, place, kind in [
        ("sms", tmp_path / "a.db", UnknownName),
        ("langchain", tmp_path / "a.db", UsageProblem),
        ("mem0", tmp_path / "a.db", UsageProblem),
        ("jsonl", tmp_path / "a.db", UsageProblem),
        ("jsonl", tmp_path / "missing", UsageProblem),
    ]:
        with pytest.raises(kind):
            import_from(format, place, memory.bind(user="ana"))


def test_a_large_list_is_read_as_a_stream(tmp_path: Path) -> None:
    one = json.dumps(chatgpt()[0] | {"padding": "x" * 20_000})
    place = write(tmp_path / "conversations.json", "[" + ",\n".join([one] * 400) + "]")
    tracemalloc.start()
    turns = sum(isinstance(found, Found) for found in read("chatgpt", place))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert turns == 400 * 5 and place.stat().st_size > 8_000_000
    assert peak < 3_000_000


def test_elements_are_the_same_however_the_file_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    data = [{"a": 'é"\\'}, [1, [2]], "ü]", 12345, -1.5e3, None, True, {}]
    file = json.dumps(data, indent=1, ensure_ascii=False).encode()
    for chunk in (1, 2, 3, 7, 1000):
        monkeypatch.setattr("memagent.importers.json_stream._CHUNK", chunk)
        monkeypatch.setattr("memagent.importers.json_stream._SLACK", 10_000)
        assert [one for _, one in elements(io.BytesIO(file), "f")] == data


def test_times_roles_and_texts_of_many_programs_are_understood() -> None:
    for value in (
        1714554000,
        "1714554000",
        1714554000000,
        1714554000000000,
        "2024-05-01T09:00:00Z",
        "2024-05-01 09:00",
        NINE.isoformat(),
    ):
        assert time_of(value) == NINE, value
    assert [time_of(value) for value in ("yesterday", None, True, "", float("nan"), -5, {})] == [None] * 7
    assert [role_of(one) for one in ("Human", "GPT", "developer", "function", "Ana", 3)] == [
        "user",
        "assistant",
        "system",
        "tool",
        "",
        "",
    ]
    assert text_of([{"type": "text", "text": {"value": "a"}}, "b", {"type": "image"}]) == ("a\nb", ["image"])


STOPPED = """
import os, sys
from memagent import Memory
from memagent.importers import import_from
with Memory(sys.argv[1]) as memory:
    import_from("jsonl", sys.argv[2], memory.bind(user="ana"), on_progress=lambda done: done >= 512 and os._exit(9))
"""


def test_an_import_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    rows = [{"role": "user", "content": f"Turn {number}."} for number in range(1000)]
    place = write(tmp_path / "chat.jsonl", "\n".join(map(json.dumps, rows)))
    assert subprocess.run([sys.executable, "-c", STOPPED, tmp_path / "m.db", place], check=False).returncode == 9
    with Memory(tmp_path / "m.db") as memory:
        ana = memory.bind(user="ana")
        assert 512 <= ana.count() < 1000
        done = import_from("jsonl", place, ana)
        assert done.there >= 512 and done.added + done.there == 1000
        assert [one.text for one in ana.passages()] == [one["content"] for one in rows]
