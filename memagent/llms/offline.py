"""`offline`: a deterministic reader and writer for a machine that has no key, no network and no weights.

It tells stories (begin, step, choose, extend, compress) and answers questions from passages, at once or by facts and
thoughts, or from triples; it does nothing else, and says so when it is asked for something else. It writes English
whatever language it is asked for. Everything in a reply comes from the messages of the request, its seed and the word
lists of `memagent.offline`: the same request gets the same reply in every process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from memagent.errors import CapabilityError
from memagent.llms.abilities import require
from memagent.llms.base import Ability
from memagent.llms.prices import FREE
from memagent.llms.stopping import cut
from memagent.offline.ngram import NGram, tokenize
from memagent.offline.prompt import Prompt, read
from memagent.types import Completion, FinishReason, Request, Token, Usage

HOW_TO_SWITCH = (
    "Choose a model with the environment variable MEMAGENT_LLM or the argument `llm`, "
    "such as `openai:MODEL` or `ollama:MODEL`."
)


class Offline:
    """The backend named `offline`. Takes no arguments and keeps nothing between calls."""

    name = "offline"
    can: frozenset[Ability] = frozenset({"logprobs", "stop", "seed", "schema"})
    price = FREE
    narrow = True  # it answers the prompts that it knows, and follows no other instructions

    def complete(self, request: Request) -> Completion:
        """Answer in one piece. Raises `CapabilityError` for a prefill, a logit bias, or a schema of an unknown task."""
        require(self.name, self.can, request)
        pieces, finish = _cut(_reply(request), request)
        tokens = _tokens(pieces, request)
        shown = sum(len(tokenize(message.content)) for message in request.messages)
        usage = Usage(calls=1, input_tokens=shown, output_tokens=len(tokens), cost=0.0)
        return Completion("".join(pieces), tokens, finish, usage, self.name)

    async def acomplete(self, request: Request) -> Completion:
        """Answer in one piece; it takes a few milliseconds, so nothing is handed to a thread."""
        return self.complete(request)

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        """Yield word-like tokens and, last, the completion that they add up to."""
        completion = self.complete(request)
        yield from completion.tokens
        yield completion

    async def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        """Yield tokens and, last, the completion, letting other tasks run in between."""
        for item in self.stream(request):
            yield item
            await asyncio.sleep(0)


def _reply(request: Request) -> str:
    prompt = read(request)
    if prompt.task == "recite":
        return "NONE"  # it has learnt nothing
    if prompt.task in ("answer", "filter", "thought", "read", "rank"):
        return _answer(prompt)
    if prompt.task in ("chain", "search", "self-ask", "asking", "doubt"):
        return _chained(prompt)
    if prompt.task == "chat":
        from memagent.offline.talk import reply

        return reply(prompt.sections, prompt.frame, request.messages) or _told_that_it_cannot(request, prompt)
    if prompt.task in ("draft", "query", "revise", "finish"):
        return _thought_through(prompt)
    if prompt.task.startswith("memllm"):
        return _triples(prompt)
    if prompt.task in ("extract", "facts"):
        return _extracted(prompt)
    if prompt.task == "nouns":
        from memagent.offline import nouns

        return nouns.reply(prompt.get("problem"))
    if prompt.task not in ("problem", "unknown"):
        from memagent.offline.story import tell

        return tell(prompt)
    return _told_that_it_cannot(request, prompt)


def _told_that_it_cannot(request: Request, prompt: Prompt) -> str:
    if prompt.task == "problem":
        raise CapabilityError("the offline backend solves no problems", hint=HOW_TO_SWITCH)
    if request.schema:
        asked = ", ".join(prompt.fields) or "no field"
        raise CapabilityError(f"the offline backend cannot fill a reply with {asked}", hint=HOW_TO_SWITCH)
    return (
        "This is the offline backend. It only tells stories and answers questions from passages that it is shown. "
        + HOW_TO_SWITCH
    )


def _answer(prompt: Prompt) -> str:
    from memagent.offline.hops import facts_on, order, reasoned, thought
    from memagent.offline.reader import answer, answer_fields

    passages, question = prompt.get("passages"), prompt.get("question")
    if prompt.task == "filter":
        return facts_on(prompt.get("facts"), question, prompt.number(r"at most (\d{1,4})", 4))
    if prompt.task == "rank":
        return order(passages, question)
    if prompt.task == "thought":
        return thought(passages, question, prompt.get("thoughts"))
    if prompt.task == "read":
        return reasoned(passages, question)
    return answer_fields(passages, question, prompt.fields) if prompt.fields else answer(passages, question)


def _extracted(prompt: Prompt) -> str:
    from memagent.offline import openie

    if prompt.task == "facts":
        return openie.facts(prompt.get("paragraph"))
    return openie.reply(prompt.fields[0], prompt.get("title"), prompt.get("passage"))


def _triples(prompt: Prompt) -> str:
    from memagent.offline import triples

    if prompt.task == "memllm-write":
        return triples.writing(prompt.get("sentence"), prompt.get("context"))
    if prompt.task == "memllm-walk":
        return triples.routing(prompt.get("question"), prompt.get("relations"))
    note = "dropped" if "was dropped:" in prompt.frame or "No more calls:" in prompt.frame else ""
    return triples.asking(prompt.get("question"), prompt.get("relations"), prompt.get("found"), note)


def _chained(prompt: Prompt) -> str:
    from memagent.offline import chain

    passages, question, so_far = (prompt.get(name) for name in ("passages", "question", "so_far"))
    if prompt.task == "asking":
        return chain.asking(so_far, prompt.get("piece"))
    if prompt.task == "doubt":
        return chain.doubted(question, so_far, prompt.get("sentence"))
    if prompt.task == "search":
        return chain.searched(passages, question, so_far)
    if prompt.task == "self-ask":
        return chain.asked(passages, question, so_far)
    return chain.told(passages, question, so_far)


def _thought_through(prompt: Prompt) -> str:
    from memagent.offline import thoughts

    task, so_far, step = (prompt.get(name) for name in ("task", "so_far", "step"))
    if prompt.task == "draft":
        return thoughts.draft(task, prompt.number(r"at most (\d{1,4}) steps", 4))
    if prompt.task == "query":
        return thoughts.query(task, so_far)
    if prompt.task == "revise":
        whole = "whole text" in prompt.frame
        return thoughts.revised(task, so_far, step, prompt.get("passages"), whole=whole)
    return thoughts.finished(task, so_far)


def _cut(text: str, request: Request) -> tuple[list[str], FinishReason]:
    """Cut a reply at the first stop string and at the largest number of tokens."""
    pieces = tokenize(cut(text, request.stop))
    if request.max_tokens is not None and len(pieces) > request.max_tokens:
        return pieces[: max(0, request.max_tokens)], "length"
    return pieces, "stop"


def _tokens(pieces: list[str], request: Request) -> tuple[Token, ...]:
    if not request.logprobs:
        return tuple(Token(piece) for piece in pieces)
    if read(request).task == "memllm-write":  # facts are found by rule, and a rule is sure
        return tuple(Token(piece, 0.0) for piece in pieces)
    return NGram(message.content for message in request.messages).score(pieces)
