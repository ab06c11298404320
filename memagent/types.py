"""The values that every part of memagent passes around. All are frozen; none knows how to do anything costly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from memagent.shown import Shown

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "filter", "unknown"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose memory is meant. `user` must match exactly; `session` and `agent` narrow further when they are set.

    A handle bound to `Scope(user="alice")` sees every session of alice and nobody else; one bound to
    `Scope(user="alice", session="s1")` sees that session alone. `Scope()` belongs to no user and is accepted only by a
    memory opened with `single_user=True`.
    """

    user: str | None = None
    session: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A text on its way into memory.

    `id` is optional: without one, the id is a digest of title, text and source, so that adding the same note twice
    keeps one passage. `at` is when the thing happened (aware; stored as UTC), apart from when it was written down.
    """

    text: str
    title: str = ""
    source: str = ""
    id: str | None = None
    at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def full_text(self) -> str:
        """Title and text as they are embedded; see `full_text`."""
        return full_text(self.title, self.text)


@dataclass(frozen=True, slots=True)
class Passage:
    """A text as it is kept: verbatim, with where it came from and when. Both times are aware UTC."""

    id: str
    text: str
    title: str
    source: str
    scope: Scope
    recorded_at: datetime
    at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def full_text(self) -> str:
        """Title and text as they are embedded; see `full_text`."""
        return full_text(self.title, self.text)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the older turns of a conversation said, in short. Times are aware UTC.

    Attributes:
        text: the summary.
        upto: the id of the last turn that it covers.
        turns: how many turns it covers.
        since: when the first of them was said.
        until: when the last of them was said.
        by: who wrote it: `rules`, which take sentences as they are, or the name of a model.
    """

    text: str
    upto: str
    turns: int
    since: datetime
    until: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Talk:
    """The end of a conversation: its last turns, oldest first, and the summary of those before, if there is one.

    `more` says that there are turns before these.
    """

    turns: tuple[Passage, ...] = ()
    more: bool = False
    summary: Summary | None = None


@dataclass(frozen=True, slots=True)
class Triple:
    """A fact on its way into memory: subject, relation, object, who says so, and when it held.

    `passage` is the id of the passage that says it; the fact then goes when that passage goes. Without one, `source`
    names where it comes from. `at` is since when it holds and `until` when it ceased to (both aware; stored as UTC); a
    triple without `at` counts as of the moment it is written. `confidence` is in (0, 1].
    """

    subject: str
    relation: str
    object: str
    source: str = ""
    passage: str | None = None
    at: datetime | None = None
    until: datetime | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Fact(Shown):
    """A triple as it is kept, over one stretch of time, with all that says so. Times are aware UTC.

    The stretch is `at` up to but not including `until`; `until` is `None` while nothing has ended it. A fact that ended
    because a newer value of a functional relation took its place names that fact in `superseded_by`. The same triple
    can have held twice: those are two facts with one id.
    """

    id: str
    subject: str
    relation: str
    object: str
    scope: Scope
    sources: tuple[str, ...]
    passages: tuple[str, ...]
    at: datetime
    recorded_at: datetime
    until: datetime | None = None
    superseded_by: str | None = None
    confidence: float = 1.0

    @property
    def text(self) -> str:
        """Subject, relation and object as one line."""
        return f"{self.subject} {self.relation} {self.object}"


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was found in a passage: its named entities, and triples of subject, relation and object, as it has them."""

    entities: tuple[str, ...] = ()
    triples: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation as a scope uses it: its subjects, its facts, and whether a newer value ends an older one.

    `functional` says that a subject has one value at a time; `how` is `declared` where a caller has said that it is so
    or that it is not, and else ''. `suggested` says that nobody has, and that it looks so: there are at least 20
    subjects, and nearly all of them have one value. That changes nothing until it is declared.
    """

    name: str
    subjects: int
    facts: int
    functional: bool
    how: str = ""
    suggested: bool = False


REFUTED = "refuted"
"""How `verified` begins where a check found a rationale wrong; what follows names the check."""

ORIGINAL = "problem"
"""In the metadata of a rationale that is kept by another text: the problem as it was."""

TRIED = "attempts"
"""In the metadata of a rationale: how many attempts at its problem there were, of which `agreement` is a share."""

PROBLEM_ID = "problem_id"
"""In the metadata of a rationale whose problem has an id: that id."""


@dataclass(frozen=True, slots=True)
class Rationale(Shown):
    """A problem with the reasoning that solved it, how that was verified, and how it has served since.

    One whose `verified` begins with `REFUTED` is an attempt that turned out wrong: `like` leaves it out unless it is
    asked for such attempts alone.

    `shared` makes it visible to every scope of the memory; only the scope that wrote it can change or remove it. The
    `id` is a digest of the content unless one is given; the last five fields are the memory's to fill. The `score` of
    one that was looked for says how like its problem is, in [0, 1], less where failures followed.
    """

    problem: str
    reasoning: str
    answer: str
    verified: str = ""
    source: str = ""
    shared: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    scope: Scope = field(default_factory=Scope)
    recorded_at: datetime | None = None
    successes: int = 0
    failures: int = 0
    score: float | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """Problem, reasoning and answer as one text, as a prompt would show it."""
        return f"{self.problem}\n{self.reasoning}\n{self.answer}"


@dataclass(frozen=True, slots=True)
class Receipt(Shown):
    """What a verb that hides or removes things has done, or would do, in numbers for each store.

    Attributes:
        verb: `forget`, `restore`, `delete`, `purge` or `retain`.
        counts: how many rows of each kind: passages, facts, rationales, and what hung on them (evidence, phrases,
            relations, links, vectors, words). A kind that was not touched is not there.
        ids: the passages, facts and rationales that were hidden, brought back or removed.
        reasons: why an id was chosen that was not named: by a retention policy, or as an answer to what goes, or one
            that repeats it.
        left: what stays and has words of what goes, such as a later turn of the user that says the same: ids, with why.
        dry_run: nothing was changed; this is what would be.
    """

    verb: str
    counts: Mapping[str, int]
    ids: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False

    @property
    def total(self) -> int:
        """How many passages, facts and rationales it is about."""
        return sum(self.counts.get(kind, 0) for kind in ("passages", "facts", "rationales"))

    def __str__(self) -> str:
        what = ", ".join(_counted(count, kind) for kind, count in self.counts.items() if count) or "nothing"
        return f"{self.verb}{' (dry run)' if self.dry_run else ''}: {what}"


def _counted(count: int, kind: str) -> str:
    """Return a count with what is counted, by its plural; evidence is counted in pieces, and words in bags."""
    named = {"evidence": "pieces of evidence", "words": "bags of words"}.get(kind, kind)
    first, *rest = named.split(" ")
    return " ".join([str(count), first.removesuffix("s") if count == 1 else first, *rest])


@dataclass(frozen=True, slots=True)
class Hit(Shown):
    """One thing that was found. `score` is in [0, 1] and higher is always better; `why` says in words how it was found.

    `parts` holds the score each retriever gave it, by name: `{"dense": 0.61, "keyword": 0.40}`. `kind` is what it is: a
    `passage`, a `fact` or a `rationale`. `path` names the phrases over which a graph search came to it, from where it
    began. `triple` is a fact's subject, relation and object. Both are empty where they mean nothing.
    """

    id: str
    text: str
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)
    why: str = ""
    title: str = ""
    source: str = ""
    kind: str = "passage"
    path: tuple[str, ...] = ()
    triple: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that a model may ask for: its name, what it does, and a JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model asks for a tool. `arguments` is the JSON text as the model wrote it, which may be broken."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a prompt.

    `calls` are what an assistant asked for in it; a message of the role `tool` tells in `answers` the id of the call
    whose result it is. Both need the ability `tools`.
    """

    role: Role
    content: str
    calls: tuple[ToolCall, ...] = ()
    answers: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Everything one call of a language model is asked for.

    `stop`, `logprobs`, `logit_bias`, `prefill` and `tools` are requirements: a backend without the ability refuses the
    request with `CapabilityError` before anything is spent. `max_tokens`, `temperature`, `seed`, `schema` and `timeout`
    are wishes: a backend follows them as far as it can, and its docstring says where it does not.

    Attributes:
        messages: the prompt, oldest first.
        max_tokens: at most this many generated tokens; `None` leaves it to the backend.
        temperature: `None` leaves it to the backend.
        stop: strings that end the text and are not part of it. Needs the ability `stop`.
        seed: for repeatable sampling. Used where the backend has the ability `seed`, else left out.
        logprobs: ask for the log-probability of each generated token. Needs the ability `logprobs`.
        logit_bias: token text -> bias added to its logit. Needs the ability `logit_bias`.
        schema: JSON schema of the reply. Enforced where the backend has the ability `schema`; the prompt must
            describe the format as well, so that every other backend can follow it.
        prefill: the beginning of the answer, to be continued and not repeated. Needs the ability `prefill`.
        tools: what the model may ask for in place of an answer, or after a part of it. Needs the ability `tools`.
        timeout: seconds for the whole call; `None` leaves it to the backend's own limit.
        label: which question this is, such as `recurrent/step`; for traces, costs and displays only.
        capped: `max_tokens` was not asked for, but is what a budget can pay: to a cache it is the same request without.
    """

    messages: tuple[Message, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logprobs: bool = False
    logit_bias: Mapping[str, float] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None
    prefill: str = ""
    timeout: float | None = None
    label: str = ""
    tools: tuple[Tool, ...] = ()
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of generated text as the model made it. `logprob` is natural-log and at most 0; `None` if not given."""

    text: str
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class Usage(Shown):
    """What something cost. Usages add up with `+`.

    `cost` is in US dollars; `None` means that a price is not known, and a sum with an unknown part is unknown.
    `estimated` says that token counts were estimated from text because the backend reported none.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0
    estimated: bool = False

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=cost,
            estimated=self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """What a language model answered.

    `tokens` is empty when the backend reports none; when it is not, the joined token texts equal `text`. `calls` are
    the tools that the model asks for; the text, which may be empty, comes before them.
    """

    text: str
    tokens: tuple[Token, ...] = ()
    finish_reason: FinishReason = "stop"
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Execution:
    """How a program ran.

    Attributes:
        output: what it printed, cut at the limit.
        errors: what it wrote to its standard error, cut likewise: a traceback, where it failed.
        code: its exit status; the negative number of the signal that ended it; `None` if it was killed at its deadline.
        why: in words, why it did not end well, or that its output was cut; empty where all went well.
    """

    output: str = ""
    errors: str = ""
    code: int | None = 0
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether it came to its end without an error."""
        return self.code == 0


@dataclass(frozen=True, slots=True)
class Change:
    """What one passage changed in a text, or was to change: `taken` says whether, and `why` says why."""

    hit: Hit
    before: str
    after: str
    taken: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One sentence or thought of an answer, and how it came about.

    Attributes:
        text: as it stands in the answer, with the blank before it.
        draft: what the model wrote first.
        decision: `first` (written with what the question itself had found), `accepted` (the draft was sure enough),
            `retrieved` (written anew with passages), `kept` (nothing better came of looking up), `revised`, or
            `recited` (what the model wrote down from its own knowledge; unverified, and not in the answer).
        why: what was decided and why, in words.
        confidence: how sure the model was of the draft, in [0, 1]; `None` where that was not asked.
        tokens: those of the draft with their log-probabilities, where these were measured.
        queries: what was looked up.
        hits: the passages that it was written or revised with.
        changes: what each passage changed, by methods that revise.
    """

    text: str
    draft: str
    decision: Literal["first", "accepted", "retrieved", "kept", "revised", "recited"]
    why: str = ""
    confidence: float | None = None
    tokens: tuple[Token, ...] = ()
    queries: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer(Shown):
    """An answer and the passages that it was given, in the order in which it may cite them: `[1]` is `hits[0]`.

    Methods that write in several steps tell them in `parts`. `problems` says, in words, what went wrong on the way and
    was lived with: an answer with problems is the best there was. `notes` says what was done in place of something that
    the model cannot do, and what was left out as no part of the answer.
    """

    text: str
    hits: tuple[Hit, ...] = ()
    parts: tuple[Part, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def full_text(title: str, text: str) -> str:
    """Return title and text as they are embedded: `title + newline + text`, or the text alone."""
    return f"{title}\n{text}" if title else text


def _is_wide(sign: str) -> bool:
    return "\u2e80" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7af" or "\U00020000" <= sign


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` has: a quarter of its characters, nine tenths for Chinese, Japanese and Korean.

    Used before a call (budgets, estimates) and when a backend reports no counts. Within a few per cent of current
    tokenizers for prose; code has more tokens than this says.
    """
    wide = 0 if text.isascii() else sum(map(_is_wide, text))
    return round((len(text) - wide) / 4 + 0.9 * wide)


def estimate_prompt(request: Request) -> int:
    """About how many tokens the texts of a request have: its messages, and the answer as far as it is begun.

    The names of roles, a schema and the descriptions of tools are not counted.
    """
    return sum(estimate_tokens(message.content) for message in request.messages) + estimate_tokens(request.prefill)
