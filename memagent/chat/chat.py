"""`Chat`: a language model with a memory that talks with many users, each apart from every other.

memory = Memory("bot.db")
chat = Chat("openai:gpt-5-mini", memory)
me = chat.bind(user="alice", session="web-42")
print(me.send("I moved to Lisbon last week."))
print(me.send("Which city am I in?"))
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from memagent import registry
from memagent.budget import Budget
from memagent.chat import upkeep
from memagent.chat.answering import Manner
from memagent.chat.context import least_tokens
from memagent.chat.conversation import Conversation
from memagent.chat.counting import Counter, cautious
from memagent.chat.learned import Learned
from memagent.chat.recalled import KINDS, RECALL, Kind, Wanted
from memagent.errors import ScopeRequired, UsageProblem
from memagent.llms.base import LLM
from memagent.memory import Memory
from memagent.retrievers.base import Retriever

if TYPE_CHECKING:
    from memagent.integrations.runnable import ChatRunnable

Extract = Literal["never", "batch", "each"]
Summarise = Literal["rules", "llm", "never"]

SESSION = "main"
"""The session of who names none."""


class Chat:
    """A chatbot over one memory. It keeps nothing itself: `bind` as often as you like, for each request if need be.

    The model is shown a message as it was said. A memory that masks secrets keeps it without them, and so does the file
    that `reply.trace.save` writes; the reply in the process, its trace and prompt, have them.

    Args:
        llm: a backend, or what the registry takes for one: `"openai:gpt-5-mini"`, a LangChain model, a
            callable. `None` lets the environment decide.
        memory: an open `Memory`, bound to nobody; or to one user, whom every conversation is then with.
        system: the prompt of the chatbot. It is in every prompt.
        pinned: texts that are in every prompt as well, as data, as long as they take no more than a quarter of it.
        context_tokens: how many tokens a prompt has at most. The model's window, where it is known or given, less
            `max_tokens`, is a limit as well. What the system prompt and a message need is the least.
        window: how many tokens the model takes for prompt and answer together; asked of the backend if not given.
        max_tokens: how many tokens an answer has at most; `None` leaves it to the backend.
        tokens: how tokens are counted; by default rather too many than too few, see `chat.counting.cautious`.
        using: how turns and notes are searched: a retriever's name, or a retriever of your own.
        recall: of which kinds what is called to mind: `episodic` (turns and notes), `semantic` (facts), `procedural`
            (solved problems).
        k: how many turns and notes are called to mind at most.
        temperature: `None` leaves it to the backend.
        timeout: seconds for a call.
        budget: limits on what one turn may spend, with what is done after its answer; `flush` takes its own.
        retries: how many times a call that failed for a passing reason is made again.
        extract: when facts are taken from what users say: `never`; in a `batch`, when `flush` is called; or from
            `each` turn, after its answer.
        summary: who writes the summary of the turns that are too long ago to be shown: `rules`, which take sentences
            of the user word for word; the `llm`, when `flush` is called; or `never` anybody.
        judge: before a fact is taken, the model is asked once more whether the user states it; a call more for each
            sentence from which something would be kept.

    Raises:
        UsageProblem: an argument is none of those.
    """

    def __init__(
        self,
        llm: LLM | str | Any | None,
        memory: Memory,
        *,
        system: str = "",
        pinned: Sequence[str] = (),
        context_tokens: int = 8000,
        window: int | None = None,
        max_tokens: int | None = 1024,
        tokens: Counter = cautious,
        using: str | Retriever = RECALL,
        recall: Sequence[Kind] = KINDS,
        k: int = 8,
        temperature: float | None = None,
        timeout: float | None = 120.0,
        budget: Budget | None = None,
        retries: int = 2,
        extract: Extract = "batch",
        summary: Summarise = "rules",
        judge: bool = False,
    ) -> None:
        _check(memory, pinned, recall, extract, summary)
        self.llm: LLM = registry.llm(llm)
        if judge and getattr(self.llm, "narrow", False):
            raise UsageProblem(f"{self.llm.name} judges no facts", hint="Use judge=False, or another model.")
        if summary == "llm" and getattr(self.llm, "narrow", False):
            raise UsageProblem(f"{self.llm.name} writes no summaries", hint='Use summary="rules", or another model.')
        self.memory = memory
        self.budget = budget
        self.retries = retries
        self.extract = extract
        self.judge = judge
        self.summary = summary
        file = memory.core.database is not None
        wanted = Wanted(
            passages=k if "episodic" in recall else 0,
            facts=6 if "semantic" in recall and file else 0,
            rationales=2 if "procedural" in recall and file else 0,
            using=using if isinstance(using, str) else "",
        )
        self.retriever: str | Retriever = (
            "" if isinstance(using, str) else registry.retriever(using, memory.store, memory.embedder)
        )
        self.manner = Manner(
            system=system,
            pinned=tuple(pinned),
            tokens=_limit(self.llm, context_tokens, window, max_tokens, least_tokens(system, tokens)),
            count=tokens,
            max_tokens=max_tokens,
            temperature=temperature,
            timeout=timeout,
            wanted=wanted,
        )

    def bind(
        self, *, user: str | None = None, session: str | None = None, agent: str | None = None, speaker: str = ""
    ) -> Conversation:
        """Return the conversation of a user and a session. It is fixed: nothing in it reaches another user.

        Args:
            user: whose; needed unless the memory is bound to one, or was opened for a single user.
            session: which conversation; `main` if not given.
            agent: narrows further, where several chatbots share a memory and not what they know.
            speaker: the name of who speaks, if it is known; turns carry it, and facts name it. Turns that were said
                without a name stay the user's.

        Raises:
            UsageProblem: a name is blank, or is not that of whom the memory is bound to.
            ScopeRequired: no user is named.
        """
        scope = self.memory.scope
        mine = self.memory.bind(user=user, agent=agent)
        if not isinstance(speaker, str):
            raise UsageProblem(f"speaker must be a str, got {speaker!r}")
        try:
            _ = mine.turns
        except ScopeRequired as error:
            raise ScopeRequired(
                "with whom is this conversation? No user is named",
                hint='Use chat.bind(user="...", session="..."), or Memory(path, single_user=True).',
            ) from error
        return Conversation(self, mine, session or scope.session or _named(session), speaker.strip())

    @property
    def waiting(self) -> int:
        """How many turns of users are yet to be gone through for facts, which `flush` does.

        Raises:
            UsageProblem: the memory is a passage store that was given and has no file.
        """
        return upkeep.waiting(self.memory)

    def flush(self, *, failed: bool = False, budget: Budget | None = None) -> Learned:
        """Take facts from what users said since the last time, and bring the summaries up to date.

        Of all conversations in the memory that the chat was given. Each turn is on record as soon as it is done, and
        so is each piece of a summary, so that this can be stopped, and go on, and be done twice; done by several at
        once, each conversation is gone through by one of them. With `extract="never"` no facts are taken; with the
        default `summary="rules"` no model writes a summary. Calls are made here, one for each sentence that may state
        something; what they cost is in the `usage` of what is returned. Of a turn of more than 20,000 characters the
        beginning is gone through, and no turn is given more than ten minutes.

        What goes wrong with one turn or one conversation stops no other; `problems` tells of it.

        Args:
            failed: try those turns again for which the model failed. Until then each job tells of them, in
                `failed_before` and `problems`.
            budget: limits on what this job may spend; the chat's own is for one turn and does not hold here. Where one
                is reached, the job ends, `stopped` says so, and the next one goes on. A turn that was under way then
                is gone through again; one that took more than a whole budget is told as failed, and not tried again
                but with `failed=True`.

        Raises:
            UsageProblem: the memory is a passage store that was given and has no file; `budget` is no `Budget`.
        """
        return upkeep.flush(self, self.memory, failed=failed, budget=budget)

    async def aflush(self, *, failed: bool = False, budget: Budget | None = None) -> Learned:
        """Like `flush`, in a thread."""
        return await asyncio.to_thread(self.flush, failed=failed, budget=budget)

    def as_runnable(self, *, user_key: str = "user_id", session_key: str = "session_id") -> ChatRunnable:
        """Return the chatbot as a LangChain runnable, which takes user and session from `config["configurable"]`.

        Without a session of that name, LangGraph's `thread_id` is the session. Neither is ever taken from the input.
        """
        from memagent.integrations.runnable import ChatRunnable
        from memagent.integrations.whose import Keys

        return ChatRunnable.of(self, Keys(user_key, session_key))

    def __repr__(self) -> str:
        return f"Chat({self.llm.name!r}, {self.memory!r})"


def _named(session: str | None) -> str:
    if session is not None:
        raise UsageProblem(f"session must be a text that is not blank, got {session!r}")
    return SESSION


def _limit(llm: LLM, context_tokens: int, window: int | None, max_tokens: int | None, least: int) -> int:
    """How many tokens a prompt may have, by what was asked for and by the model's window: `least` or more."""
    for name, value in (("context_tokens", context_tokens), ("window", window), ("max_tokens", max_tokens)):
        whole = isinstance(value, int) and not isinstance(value, bool) and value > 0
        if not whole and not (value is None and name != "context_tokens"):
            raise UsageProblem(f"{name} must be a whole number above 0, got {value!r}")
    known = window if window is not None else getattr(llm, "window", None)
    limit = context_tokens if known is None else min(context_tokens, known - (max_tokens or 0))
    if limit < least:
        raise UsageProblem(
            f"a prompt of at most {limit} tokens does not hold the system prompt and a message",
            hint=f"Give at least {least} with context_tokens=, and max_tokens= well below the window.",
        )
    return limit


def _check(memory: object, pinned: object, recall: Sequence[str], extract: str, summary: str) -> None:
    if not isinstance(memory, Memory):
        raise UsageProblem(f"Chat needs a Memory, got a {type(memory).__name__}", hint='Memory("bot.db")')
    if isinstance(pinned, str):
        raise UsageProblem("pinned takes a list of texts, got a text", hint="Put it into a list.")
    unknown = [kind for kind in recall if kind not in KINDS]
    if unknown or isinstance(recall, str):
        raise UsageProblem(f"there is no such kind of memory: {recall!r}", hint=f"Kinds are {', '.join(KINDS)}.")
    if extract not in get_args(Extract):
        raise UsageProblem(f"extract cannot be {extract!r}", hint="It is never, batch or each.")
    if summary not in get_args(Summarise):
        raise UsageProblem(f"summary cannot be {summary!r}", hint="It is rules, llm or never.")
