"""The tasks of a story: what each prompt asks for, answered as the JSON that it describes."""

from __future__ import annotations

import json

from memagent.llms.offline_prompt import Prompt
from memagent.llms.offline_text import pick, sentences


def tell(prompt: Prompt) -> str:
    """Return the reply to a story prompt: a JSON object with the fields of its task, in the prompt's order."""
    writers = {"begin": _begin, "step": _step, "choose": _choose, "extend": _extend, "compress": _compress}
    return json.dumps(writers[prompt.task](prompt), ensure_ascii=False)


def _plans(prompt: Prompt) -> list[str]:
    key = prompt.text
    places = ["harbour", "chandlery", "mill", "chapel", "market", "tower"]
    return [
        f"Mara goes to the {pick(places, key, n)} and {verb} the {pick(['ledger', 'lantern', 'letter'], key, n)}. It takes all day {n}."
        for n, verb in enumerate(("searches for", "asks about", "hides"))
    ]


def _begin(prompt: Prompt) -> dict[str, object]:
    premise = " ".join(prompt.get("premise").split()[:30])
    return {
        "title": "The Harbour",
        "outline": f"A story from this: {premise}",
        "paragraphs": [
            f"{n} morning Mara Venn stood at the harbour. She waited." for n in ("One", "Another", "A third")
        ],
        "memory": "Mara Venn keeps the lighthouse. Open question: who rang the bells?",
        "plans": _plans(prompt),
    }


def _step(prompt: Prompt) -> dict[str, object]:
    plan = prompt.get("plan")
    return {
        "paragraph": f"Mara thought of it: {plan}",
        "rationale": "The plan was added.",
        "memory": " ".join([*sentences(prompt.get("memory"))[-9:], (sentences(plan) or ["Nothing."])[0]]),
        "plans": _plans(prompt),
    }


def _choose(prompt: Prompt) -> dict[str, object]:
    return {"reason": "It goes on.", "choice": 1 + pick(range(3), prompt.text)}


def _extend(prompt: Prompt) -> dict[str, object]:
    return {"paragraph": prompt.get("paragraph") + " She waited a while.", "plan": prompt.get("plan")}


def _compress(prompt: Prompt) -> dict[str, object]:
    return {"memory": " ".join(sentences(prompt.get("memory"))[: prompt.memory_sentences])}
