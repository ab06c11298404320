"""`memagent learn` and `memagent solve` as their users run them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from commands import command, memagent

from memagent import Memory
from memagent.offline import nouns
from memagent.testing import FakeOpenAIServer, Fault

CLIPS = "Natalia sold 48 clips in April and half as many in May. How many clips did she sell?"
LINES = [
    {"question": CLIPS, "gold": "72", "attempts": [r"48 / 2 = 24, 48 + 24 = 72. \boxed{72}", r"\boxed{71}", "72"]},
    {
        "problem": "Bo has 70,000 pies and sells none. How many are left?",
        "answer": 70000,
        "attempts": [r"\boxed{\$70,000}"],
    },
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tried.jsonl").write_text("\n".join(map(json.dumps, LINES)) + "\n\n")
    return tmp_path


def test_what_is_right_is_learnt_once_and_the_rest_is_listed(place: Path) -> None:
    done = memagent("learn", "tried.jsonl")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "2 problems: 2 kept, 2 right, 1 wrong, 1 unclear"
    assert lines[1].startswith("not kept: '71' is not '72' (Natalia sold")
    assert lines[2].startswith("not kept: it has no box")
    again = json.loads(memagent("learn", "tried.jsonl", "--json").stdout)
    assert (again["problems"], again["right"], len(again["refused"])) == (2, 2, 2)
    assert (again["kept"], again["known"]) == (0, 2)
    last = memagent("learn", "tried.jsonl").stdout.splitlines()[0]
    assert last == "2 problems: 0 kept (2 known before), 2 right, 1 wrong, 1 unclear"
    with Memory("memory.db", single_user=True) as memory:
        assert memory.rationales.count() == 2


def test_a_problem_is_solved_with_like_ones_and_learnt_from(place: Path) -> None:
    memagent("learn", "tried.jsonl")
    with FakeOpenAIServer([r"10 / 2 = 5. \boxed{15}", r"Hm. \boxed{14}"]) as server:
        options = ("-m", f"openai:fake@{server.url}", "--gold", "15")
        done = memagent("solve", "Bo sold 10 pies in June and half as many in July. How many?", *options)
        wrong = json.loads(memagent("solve", "Al sold 10 cakes, and 5 more. How many?", *options, "--json").stdout)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(r"10 / 2 = 5. \boxed{15}")
    assert "right: '15' is '15'; learnt as rationale:" in done.stdout
    assert "[1] " in done.stdout
    assert (wrong["verdict"]["right"], wrong["learnt"]) == (False, [])
    assert any(step["kind"] == "count_outcome" for step in wrong["trace"])
    prompt = server.requests[0].payload["messages"][-1]["content"]
    assert "48 + 24 = 72" in prompt


def test_the_model_may_try(place: Path) -> None:
    (place / "bare.jsonl").write_text(json.dumps({"question": CLIPS, "gold": "72"}))
    with FakeOpenAIServer([r"\boxed{72}", r"So \boxed{72}", r"\boxed{7}"]) as server:
        done = memagent("learn", "bare.jsonl", "--samples", 3, "-m", f"openai:fake@{server.url}", "--failures")
    assert done.stdout.splitlines()[0] == "1 problem: 3 kept, 2 right, 1 wrong, 0 unclear"


def test_a_solution_that_nothing_verifies_is_said_to_be_unverified(place: Path) -> None:
    with FakeOpenAIServer([r"\boxed{5}"] * 6) as server:
        model = ("-m", f"openai:fake@{server.url}")
        plain = memagent("solve", "2 + 3?", *model)
        assert (plain.returncode, plain.stdout) == (0, "\\boxed{5}\n")
        assert "unverified: no known answer was given, as with --gold" in plain.stderr
        assert "unverified" not in memagent("solve", "2 + 3?", *model, "--gold", "5").stderr
        for gold, verified in ((None, False), ("5", True), ("6", False), ("5 dozen", False)):
            options = () if gold is None else ("--gold", gold)
            told = json.loads(memagent("solve", "2 + 3?", *model, *options, "--json").stdout)
            assert (told["solved"], told["verified"]) == (True, verified)


def test_kept_for_one_user_it_is_not_an_example_for_another(place: Path) -> None:
    memagent("learn", "tried.jsonl", "--user", "ida")
    with FakeOpenAIServer([r"\boxed{1}"] * 2) as server:
        for user, examples in (("ida", 2), ("bo", 0)):
            done = memagent("solve", "How many clips?", "--user", user, "-m", f"openai:fake@{server.url}", "--json")
            assert len(json.loads(done.stdout)["answer"]["hits"]) == examples


DEAD = "openai:x@http://127.0.0.1:1/v1"


def test_a_model_that_cannot_be_reached_is_no_success(place: Path) -> None:
    (place / "bare.jsonl").write_text("\n".join(json.dumps(one) for one in (LINES[1], {"question": CLIPS, "gold": 72})))
    done = memagent("learn", "bare.jsonl", "--samples", 2, "-m", DEAD)
    assert done.returncode == 4
    assert done.stdout.splitlines()[0] == "2 problems: 1 kept, 1 right, 0 wrong, 0 unclear"
    assert "4 of 4 attempts failed, at 2 problems" in done.stderr
    assert all(
        words in done.stderr for words in ("2 failed: Bo has 70,000 pies", "2 failed: Natalia sold 48", "127.0.0.1")
    )
    told = json.loads(memagent("learn", "bare.jsonl", "--samples", 2, "-m", DEAD, "--json").stdout)
    assert (told["asked"], told["unanswered"], len(told["failed"]), told["known"]) == (4, 4, 2, 1)
    assert "127.0.0.1" in told["failed"][1]["why"]


def test_a_model_that_fails_three_times_in_a_row_is_asked_no_more(place: Path) -> None:
    lines = [{"question": f"{number} + {number}?", "gold": 2 * number} for number in range(5)]
    (place / "bare.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = memagent("learn", "bare.jsonl", "--samples", 1, "-m", DEAD)
    assert done.returncode == 4
    assert "3 of 3 attempts failed, at 5 problems" in done.stderr
    assert done.stderr.count("not asked for") == 1
    assert all(f"1 failed: {number} + {number}?" in done.stderr for number in range(5))


def test_attempts_of_which_some_fail_are_said_and_the_others_learnt(place: Path) -> None:
    (place / "bare.jsonl").write_text(json.dumps({"question": CLIPS, "gold": "72"}))
    with FakeOpenAIServer([r"\boxed{72}", Fault(status=400, message="too long")]) as server:
        done = memagent("learn", "bare.jsonl", "--samples", 2, "-m", f"openai:fake@{server.url}")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "1 problem: 1 kept, 1 right, 0 wrong, 0 unclear"
    assert "1 of 2 attempts failed, at 1 problem" in done.stderr
    assert "too long" in done.stderr


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["prose", "json"])
def test_ctrl_c_ends_learning_at_once_and_keeps_what_was_learnt(place: Path, options: tuple[str, ...]) -> None:
    lines = [{"question": f"{number} + {number}?", "gold": 2 * number} for number in (1, 2, 3)]
    (place / "bare.jsonl").write_text("\n".join(map(json.dumps, lines)))
    replies = [r"\boxed{2}", r"\boxed{2}", r"\boxed{4}", Fault(delay=60.0)]
    with FakeOpenAIServer(replies) as server:
        running = subprocess.Popen(
            command("learn", "bare.jsonl", "--samples", 2, "-m", f"openai:fake@{server.url}", *options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ},
        )
        end = time.monotonic() + 60
        while len(server.requests) < 4 and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.5)  # the third reply is there, and the fourth hangs
        began = time.monotonic()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=15)  # the call under way would take a minute
        took = time.monotonic() - began
    assert (running.returncode, took < 2) == (130, True), (took, err)
    if options:
        told = json.loads(out)
        assert [told[name] for name in ("problems", "done", "kept", "right")] == [3, 1, 2, 3]
    else:
        assert out.splitlines()[0] == "1 of 3 problems: 2 kept, 3 right, 0 wrong, 0 unclear"
    assert "Traceback" not in err
    with Memory("memory.db", single_user=True) as memory:  # what came before the interrupt has been paid for
        assert {one.reasoning for one in memory.rationales.all()} == {r"\boxed{2}", r"\boxed{4}"}


def test_attempts_that_are_there_are_not_asked_for_again(place: Path) -> None:
    """Nor the wrong ones beside a right one, nor those that were the same; a problem without a right one is tried."""
    lines = [{"question": CLIPS, "gold": "72"}, {**LINES[1]}, {"question": "1 + 1?", "gold": 2}]
    (place / "bare.jsonl").write_text("\n".join(map(json.dumps, lines)))
    pies, no = r"\boxed{70000}", r"No: \boxed{3}"
    replies = [r"So \boxed{72}", r"Or \boxed{7}", r"So \boxed{72}", pies, pies, pies, no, no, no, r"\boxed{2}", no, no]
    with FakeOpenAIServer(replies) as server:
        options = ("--samples", 3, "-m", f"openai:fake@{server.url}")
        first = memagent("learn", "bare.jsonl", *options)
        assert first.stdout.startswith("3 problems: 3 kept, 6 right, 4 wrong"), first.stdout
        assert len(server.requests) == 9
        again = memagent("learn", "bare.jsonl", *options)
        assert len(server.requests) == 12
        assert "6 attempts known before are reused, and not asked for again" in again.stderr
        last = json.loads(memagent("learn", "bare.jsonl", *options, "--json").stdout)
    assert len(server.requests) == 12
    assert (last["reused"], last["asked"], last["kept"], last["usage"]["calls"]) == (9, 0, 0, 0)


def test_more_samples_ask_for_the_missing_ones_alone(place: Path) -> None:
    (place / "bare.jsonl").write_text(json.dumps({"question": CLIPS, "gold": "72"}))
    with FakeOpenAIServer([r"So \boxed{72}", r"So \boxed{72}", r"So \boxed{72}", r"No: \boxed{7}"]) as server:
        for samples, asked in ((2, 2), (3, 3), (3, 3), (4, 4), (4, 4)):
            memagent("learn", "bare.jsonl", "--samples", samples, "-m", f"openai:fake@{server.url}")
            assert len(server.requests) == asked
        seeds = [request.payload["seed"] for request in server.requests]
        assert sorted(seeds[:2]) + seeds[2:] == [0, 1, 2, 3]
    with Memory("memory.db", single_user=True) as memory:
        [one] = memory.rationales.all()
    assert one.metadata["attempts"] == 4


def test_a_known_answer_that_is_corrected_changes_what_was_learnt(place: Path) -> None:
    """Also of attempts that stand in the file no more."""
    memagent("learn", "tried.jsonl")
    fixed = [{**LINES[0], "gold": "71", "attempts": [r"\boxed{71}"]}, {**LINES[1]}]
    (place / "fixed.jsonl").write_text("\n".join(map(json.dumps, fixed)))
    done = memagent("learn", "fixed.jsonl")
    assert "1 rationale known before is judged otherwise now" in done.stdout
    found = json.loads(memagent("solve", "How many clips did she sell?", "-m", "offline", "--json").stdout)
    assert [hit["text"] for hit in found["answer"]["hits"] if "Natalia" in hit["text"]] == [
        f"{CLIPS}\n\\boxed{{71}}\n71"
    ]
    back = json.loads(memagent("learn", "tried.jsonl", "--json").stdout)
    assert back["changed"] == 2


def test_a_wrong_solution_is_kept_by_choice(place: Path) -> None:
    with FakeOpenAIServer([r"Hm. \boxed{14}"] * 2) as server:
        options = ("-m", f"openai:fake@{server.url}", "--gold", "15")
        plain = memagent("solve", "10 + 5?", *options)
        kept = memagent("solve", "10 + 5?", *options, "--failures")
    assert "wrong: '14' is not '15'\n" in plain.stdout
    assert "wrong: '14' is not '15'\n  kept as a failure as rationale:" in kept.stdout
    with Memory("memory.db", single_user=True) as memory:
        assert [one.verified for one in memory.rationales.all()] == ["refuted by numeric"]


def test_learning_says_what_it_cost(place: Path) -> None:
    (place / "bare.jsonl").write_text(json.dumps({"question": CLIPS, "gold": "72"}))
    with FakeOpenAIServer([r"\boxed{72}"] * 3) as server:
        options = ("--samples", 1, "-m", f"openai:fake@{server.url}")
        told = json.loads(memagent("learn", "bare.jsonl", "--json", *options, "--user", "ida").stdout)
        prose = memagent("learn", "bare.jsonl", *options, "--user", "bo")
        quiet = memagent("learn", "bare.jsonl", *options, "--user", "cy", "-q")
    assert told["usage"]["calls"] == 1
    assert "1 call, " in prose.stderr
    assert quiet.stderr == ""


def test_lines_keep_to_80_columns(place: Path) -> None:
    long = {"question": "How many? " * 30, "gold": "1", "attempts": [r"\boxed{" + "many words and more " * 8 + "}"]}
    (place / "long.jsonl").write_text(json.dumps(long))
    with FakeOpenAIServer([r"\boxed{" + "words and more " * 9 + "}"]) as server:
        solved = memagent("solve", "How many? " * 9, "--gold", "1", "-m", f"openai:fake@{server.url}")
    learnt = memagent("learn", "long.jsonl", "--samples", 1, "-m", DEAD)
    lines = [*learnt.stdout.splitlines(), *learnt.stderr.splitlines(), *solved.stdout.splitlines()[1:]]
    assert len(lines) > 6
    assert [line for line in lines if len(line) > 80] == []


def test_lines_end_with_line_feeds_alone_and_a_mark_of_byte_order_is_no_sign(place: Path) -> None:
    one = {"question": "How many\u2028are 2 and 3?", "gold": 5, "attempts": ["2\u0085 + 3 = \\boxed{5}"]}
    (place / "odd.jsonl").write_bytes(("\ufeff" + json.dumps(one, ensure_ascii=False) + "\r\n").encode())
    done = memagent("learn", "odd.jsonl")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "1 problem: 1 kept, 1 right, 0 wrong, 0 unclear"), (
        done.stderr
    )


def test_known_answers_may_stand_at_the_end_of_a_solution(place: Path) -> None:
    answer = "In May she sold 48/2 = <<48/2=24>>24 clips.\nThat is 48+24 = <<48+24=72>>72 in 2 months.\n#### 72"
    (place / "gsm.jsonl").write_text(json.dumps({"question": CLIPS, "answer": answer, "attempts": [r"\boxed{72}"]}))
    done = memagent("learn", "gsm.jsonl")
    assert done.stdout.splitlines()[0] == "1 problem: 1 kept, 1 right, 0 wrong, 0 unclear", done.stderr


def test_what_was_learnt_of_a_problem_with_an_id_is_no_example_for_it(place: Path) -> None:
    (place / "id.jsonl").write_text(json.dumps({**LINES[0], "id": 17}))
    memagent("learn", "id.jsonl")
    for id, found in ((17, 0), (1, 1)):
        done = memagent("solve", "How many clips in all?", "--id", id, "-m", "offline", "--json")
        assert len(json.loads(done.stdout)["answer"]["hits"]) == found


def test_offline_shows_like_problems_and_gives_no_solution(place: Path) -> None:
    nothing = memagent("solve", "How many clips?", "-m", "offline")
    assert (nothing.returncode, nothing.stdout) == (3, "")
    memagent("learn", "tried.jsonl")
    done = memagent("solve", "How many clips?", "-m", "offline", "--gold", "5")
    assert done.returncode == 3
    assert "memagent: not solved: the offline backend" in done.stderr
    told = json.loads(memagent("solve", "How many clips?", "-m", "offline", "--json").stdout)
    assert (told["solved"], told["verified"], told["verdict"], told["boxed"]) == (False, False, None, None)
    assert [hit["score"] > 0 for hit in told["answer"]["hits"]] == [True, True]
    assert done.stdout.startswith("[1] Natalia sold 48 clips")
    assert "offline backend" not in done.stdout
    assert "solves no problems" in done.stderr
    assert "-m" in done.stderr
    (place / "bare.jsonl").write_text(json.dumps({"question": CLIPS, "gold": "72"}))
    refused = memagent("learn", "bare.jsonl", "--samples", 1, "-m", "offline")
    assert refused.returncode == 3
    assert "-m" in refused.stderr


def test_errors_speak_of_options_and_not_of_python(place: Path) -> None:
    done = memagent("solve", "Who?", "--gold", "Oslo", "-m", "offline")
    assert done.returncode == 2
    assert "--check exact" in done.stderr
    assert "exact(" not in done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "line 1 of bad.jsonl is no JSON"),
        ("[]", "no JSON object"),
        ('{"question": "x"}', 'needs "question" and "gold"'),
        ('{"question": "x", "gold": "many", "attempts": ["a"]}', "--check exact"),
        ('{"question": "x", "gold": "1", "attempts": [1]}', "no list of texts"),
        ('{"question": "x", "gold": "1"}', "--samples"),
        ("", "has no problems"),
        ("\n \n", "has no problems"),
        *[
            (
                json.dumps({**LINES[0], "id": "1"}) + "\n" + json.dumps({**LINES[0], name: "7\ud83d"}),
                "line 2 of bad.jsonl is not valid",
            )
            for name in ("question", "gold", "id")
        ],
    ],
)
def test_a_bad_line_is_named_and_nothing_is_kept(place: Path, content: str, words: str) -> None:
    (place / "bad.jsonl").write_text(json.dumps(LINES[0]) + "\n" + content if content == "late" else content)
    done = memagent("learn", "bad.jsonl")
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert done.stdout == ""
    assert not (place / "memory.db").exists()


def test_what_cannot_be_solved_is_said(place: Path) -> None:
    assert memagent("solve", "").returncode == 2
    assert memagent("solve", "2 + 2?", "-m", "openai:gpt-5-mini").returncode == 3
    dead = memagent("solve", "2 + 2?", "-m", "openai:x@http://127.0.0.1:1/v1")
    assert (dead.returncode, dead.stdout) == (4, "")
    assert "127.0.0.1" in dead.stderr


def test_without_a_model_nouns_are_listed_by_where_they_stand() -> None:
    found = json.loads(nouns.reply("Natalia sold 48 clips to her friends in April, and half of the clips in May."))
    assert {"Natalia", "clips", "friends"} <= set(found["nouns"])
    assert not {"half", "sold", "48"} & set(found["nouns"])


def test_files_of_other_makers_are_read(tmp_path: Path) -> None:
    """A byte order mark, a line separator inside a text, and GSM8K's own form of answers."""
    file = tmp_path / "attempts.jsonl"
    rows = [
        {"question": "How many\u2028pies?", "gold": 3, "attempts": [r"\boxed{3}"]},
        {"question": "How many cakes?", "answer": "Half of 144 is 72.\n#### 72", "attempts": [r"\boxed{72}"]},
    ]
    file.write_text("\ufeff" + "".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in rows), encoding="utf-8")
    done = memagent("learn", file, "--db", tmp_path / "memory.db")
    assert (done.returncode, "2 problems: 2 kept" in done.stdout) == (0, True), done.stderr
    file.write_text("\n")
    empty = memagent("learn", file, "--db", tmp_path / "memory.db")
    assert (empty.returncode, "has no problems" in empty.stderr) == (2, True)


def test_a_model_that_is_not_there_is_code_4_and_what_is_known_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "attempts.jsonl"
    file.write_text(json.dumps({"question": "How many pies?", "gold": 3, "attempts": [r"\boxed{3}"]}) + "\n")
    gone = "openai:fake@http://127.0.0.1:9/v1"
    done = memagent("learn", file, "--db", tmp_path / "memory.db", "--samples", 2, "-m", gone)
    assert (done.returncode, "could not be tried" in done.stderr, "1 kept" in done.stdout) == (4, True, True)
