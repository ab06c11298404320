"""Secrets are masked before anything is made of a text, or refused; and what was masked is told without it."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest

from memagent import Memory, Note
from memagent.errors import SecretRefused, UsageProblem
from memagent.integrations import turns
from memagent.integrations.turns import Turn
from memagent.memory.secret_guard import Guard, Masked, masked
from memagent.types import Extraction, Rationale, Triple

KEY = "sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2m3N4"
CARD = "4111 1111 1111 1111"
PRIVATE = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7b\nq2Zr0Fsd9/xx+A==\n-----END RSA PRIVATE KEY-----"

MASKED = [
    (f"My key is {KEY}, keep it.", "My key is [masked key], keep it."),
    (f"Pay with {CARD} today", "Pay with [masked card number] today"),
    (f"Here:\n{PRIVATE}\nThanks!", "Here:\n[masked private key]\nThanks!"),
    ("-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7b\nq2Zr0Fsd9", "[masked private key]"),
    ("see postgres://ida:seahorse@db.example/notes", "see postgres://ida:[masked password]@db.example/notes"),
    ("password=seahorse; user=ida", "password=[masked password]; user=ida"),
    ("Mein Passwort ist t1detable.", "Mein Passwort ist [masked password]."),
    ("Le mot de passe est mar33noire", "Le mot de passe est [masked password]"),
    ("Мой пароль: море1987!", "Мой пароль: [masked password]!"),
    ("我的密码是haibian2019。", "我的密码是[masked password]。"),
    ("パスワードはumibe2019です", "パスワードは[masked password]"),
    ("My PIN is 4921.", "My PIN is [masked PIN]."),
    ("The password for my bank is trombone77.", "The password for my bank is [masked password]."),
    ("pw: giraffe88", "pw: [masked password]"),
    ("my pass word is zebra5555", "my pass word is [masked password]"),
    ("api key: abcd-efgh-ijkl-mnop", "api key: [masked password]"),
    ("secret=banana4444", "secret=[masked password]"),
    ("my password hunter2222 works", "my password [masked password] works"),
    ("PIN code 9921", "PIN code [masked PIN]"),
    ("My social security number is 078-05-1120.", "My social security number is [masked number]."),
    ("卡号 4111111111111111", "卡号 [masked card number]"),
]


@pytest.mark.parametrize(("text", "kept"), MASKED)
def test_a_secret_is_masked_in_its_place_and_masking_again_changes_nothing(text: str, kept: str) -> None:
    assert masked(text)[0] == kept
    assert masked(kept) == (kept, [])


@pytest.mark.parametrize(
    "text",
    [
        "My password is stored in the vault.",
        "The secret of the lighthouse is that nobody keeps it.",
        "The password for the game is in the 2nd chapter.",
        "Press any key: the door opens.",
        "The PW 4 engine was built in 1924.",
        "He pinned 2024 leaves to the wall.",
        "The secret is out: 1984 was set in Airstrip One.",
    ],
)
def test_what_only_speaks_of_secrets_is_kept(text: str) -> None:
    assert masked(text) == (text, [])


def test_the_object_of_a_triple_about_a_password_is_masked_and_a_day_is_not() -> None:
    with Memory(":memory:", single_user=True) as memory:
        memory.facts.add(("Bob", "has password", "hunter3tripl"))
        memory.facts.add(("Bob", "forgot password", "yesterday"))
        assert {fact.object for fact in memory.facts.find("Bob")} == {"[masked password]", "yesterday"}


def written(memory: Memory) -> dict[str, list[str]]:
    """Write one secret in every way there is; return what reads give back."""
    (id,) = memory.add(Note(f"The key {KEY} is new.", title=f"About {KEY}", metadata={"api_key": "tide", "n": [KEY]}))
    memory.add(Note("To be edited.", id="edited"))
    memory.edit("edited", f"Use {KEY} now.")
    memory.facts.add(("the key", "is", KEY))
    memory.facts.learn(Triple("Ida", "lives in", "Oslo"), f"Ida lives in Oslo, and her key is {KEY}.")
    memory.rationales.add(Rationale(f"What is {KEY}?", f"It is {KEY}.", KEY, metadata={"asked": KEY}))
    passage = memory.get("edited")
    found = Extraction(entities=(f"the key {KEY}",), triples=(("Mara", "has the key", KEY),))
    memory.extractions.keep(passage, found, by="me")
    return {
        "passages": [repr(one) for one in memory.passages()],
        "facts": [repr(one) for one in memory.facts.find()],
        "rationales": [repr(one) for one in memory.rationales.all()],
        "made": [repr(memory.get(id).metadata)],
    }


def test_no_byte_of_a_secret_reaches_the_file_by_any_way_of_writing(tmp_path: Path) -> None:
    told: list[Masked] = []
    with Memory(tmp_path / "notes.db", single_user=True, on_masked=told.append) as memory:
        reads = written(memory)
        assert memory.audit() == [] or {one.kind for one in memory.audit()} == {"near-duplicate"}
        for path in tmp_path.iterdir():
            assert KEY.encode() not in path.read_bytes()
    assert all(some for some in reads.values()) and KEY not in str(reads)
    assert reads["made"] == ["{'api_key': '[masked password]', 'n': ['[masked key]']}"]
    assert {(one.kind, one.field) for one in told} >= {
        ("passage", "text"),
        ("passage", "title"),
        ("passage", "metadata"),
        ("fact", "object"),
        ("rationale", "answer"),
    }
    assert Masked("passage", "text", ("a key of OpenAI, Anthropic or the like",), "edited") in told
    assert KEY not in str(told)


def test_what_was_masked_is_logged_and_the_secret_is_not(caplog: pytest.LogCaptureFixture) -> None:
    with Memory(":memory:", single_user=True) as memory, caplog.at_level(logging.WARNING, "memagent"):
        memory.add(f"The key is {KEY}.")
    (record,) = caplog.records
    assert record.masked == Masked("passage", "text", ("a key of OpenAI, Anthropic or the like",))  # type: ignore[attr-defined]
    assert "masked a secret: passage: its text held a key of OpenAI" in record.getMessage()
    assert KEY not in caplog.text


def test_a_memory_that_refuses_secrets_writes_nothing_of_a_batch_with_one() -> None:
    with Memory(":memory:", single_user=True, secrets="refuse") as memory:
        for write in (
            lambda: memory.add(["Ida keeps the lamp.", f"The key is {KEY}."]),
            lambda: memory.facts.add([("Ida", "lives in", "Oslo"), ("the key", "is", KEY)]),
            lambda: memory.rationales.add(Rationale("q", "r", KEY)),
        ):
            with pytest.raises(SecretRefused) as refused:
                write()
            assert KEY not in str(refused.value) and refused.value.found[0].what
        assert (memory.count(), memory.facts.count(), memory.rationales.count()) == (0, 0, 0)


def test_a_memory_that_keeps_secrets_keeps_them_to_the_letter() -> None:
    with Memory(":memory:", single_user=True, secrets="keep") as memory:
        memory.add(f"The key is {KEY}.")
        assert [one.text for one in memory.passages()] == [f"The key is {KEY}."]
    with pytest.raises(UsageProblem, match="mask, refuse, keep"):
        Memory(":memory:", secrets="hide")


def test_an_import_is_guarded_as_writing_is_and_the_same_import_again_adds_nothing(tmp_path: Path) -> None:
    place = io.StringIO()
    with Memory(":memory:", single_user=True, secrets="keep") as source:
        written(source)
        source.facts.add(("Ida", "plays", "chess"))
        source.export(place)
    assert KEY in place.getvalue()
    told: list[Masked] = []
    with Memory(tmp_path / "notes.db", single_user=True, on_masked=told.append) as memory:
        counts = memory.import_(io.StringIO(place.getvalue()))
        assert counts["passages"] and counts["rationales"] == 1 and counts["refused"] == 2
        again = memory.import_(io.StringIO(place.getvalue()))
        assert {kind for kind, count in again.items() if count} == {"refused"}
        assert [str(one) for one in memory.facts.find("Ida", "plays")] and not memory.facts.find("the key")
        assert memory.search("The [masked key] is new")
        assert memory.doctor() == []
        assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert KEY not in str(told) and told
    with Memory(":memory:", single_user=True, secrets="refuse") as strict:
        with pytest.raises(SecretRefused):
            strict.import_(io.StringIO(place.getvalue()))
        assert strict.count() == 0


def test_what_frameworks_write_is_guarded_too() -> None:
    pytest.importorskip("langgraph")
    with Memory(":memory:", single_user=True) as memory:
        store = memory.as_vectorstore()
        store.add_texts([f"The key is {KEY}."], [{"from": KEY}])
        items = memory.as_langgraph_store()
        items.put(("a",), "k", {"text": f"It is {KEY}", "password": "seahorse"})
        assert items.get(("a",), "k").value == {"text": "It is [masked key]", "password": "[masked password]"}
        assert KEY not in repr(list(memory.passages()))
        said = Turn("assistant", "", kept={"openai": {"arguments": json.dumps({"token": KEY})}})
        turns.write(memory.bind(session="s"), [Turn("user", f"The key is {KEY}."), said])
        texts = [one.text for one in memory.bind(session="s").passages() if one.scope.session == "s"]
        assert texts == ["The key is [masked key].", ""] and KEY not in repr(list(memory.passages()))


def test_nested_values_without_a_secret_are_the_very_same(recwarn: pytest.WarningsRecorder) -> None:
    value = {"a": [{"password": "<your password>", "n": 1.5, "x": None}], "token": "twelve words"}
    assert Guard().value(value) is value
    assert json.dumps(Guard().value({"deep": [{"db_password": "hunter"}]})) == (
        '{"deep": [{"db_password": "[masked password]"}]}'
    )
