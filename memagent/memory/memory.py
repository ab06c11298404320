"""Memory: what was told, kept in one file and found again, each user apart from every other.

with Memory("notes.db") as memory:
    alice = memory.bind(user="alice")
    alice.add("The lighthouse keeper's name is Ida.")
    alice.search("Who keeps the lighthouse?")
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, cast

from memagent.embedders.base import Embedder
from memagent.errors import ScopeRequired, UsageProblem
from memagent.memory import arguments, forgetting
from memagent.memory.as_of import AsOf
from memagent.memory.awaiting import awaitable, awaitable_list
from memagent.memory.conversation import Turns
from memagent.memory.core import Core, opened
from memagent.memory.extractions import Extractions
from memagent.memory.facts import Facts
from memagent.memory.graph import Graph
from memagent.memory.rationales import Rationales
from memagent.memory.secret_guard import Guard, OnMasked
from memagent.stores.base import VectorStore
from memagent.types import Hit, Note, Passage, Receipt, Scope

if TYPE_CHECKING:
    from memagent.integrations.agents import MemagentSession
    from memagent.integrations.chat_history import MemagentChatMessageHistory
    from memagent.integrations.langchain import MemagentVectorStore
    from memagent.integrations.langgraph import MemagentStore
    from memagent.integrations.openai_tools import OpenAITools
    from memagent.integrations.retriever import MemagentRetriever
    from memagent.memory import audit, doctor
    from memagent.memory.explain import Explanation
    from memagent.memory.forgotten import Forgotten
    from memagent.memory.retention import Policy
    from memagent.memory.transfer import Place
    from memagent.retrievers.base import Retriever

_BATCH = 1024


class Memory:
    """Passages, facts and rationales in one file, for many users, threads and processes at once.

    What waits for the disk or an embedder is also there for event loops, with an `a` before its name:
    `await memory.aadd(...)`, `await memory.facts.aadd(...)`. Where a verb gives an iterator, its `a` form gives a list.

    Args:
        path_or_store: the file, created if it is not there; `:memory:` for one that is gone after `close`. Or an
            object with the methods of `VectorStore`, which is used as it is and left open by `close`; without a file,
            there are no facts, no rationales and nothing else that needs one.
        embedder: a name such as `hashing`, or an object with the `Embedder` methods. A file stays with the embedder
            that it was first written with, until `reembed`. `None` takes that one (hashing, sentence-transformers, and
            OpenAI's own; never another server, which is for you to name), else `MEMAGENT_EMBEDDER`, else `hashing`.
        single_user: reads and writes need no `bind`; what is not bound belongs to nobody in particular.
        secrets: what is done with keys, tokens, private keys, passwords, PINs and card numbers in what is written:
            `mask` puts `[masked key]` and the like in their place, `refuse` raises, `keep` keeps them.
        key: encrypts the whole file: 32 bytes, 64 hex digits, or a passphrase; see `stores.engine` for what stays
            readable. Needs `pip install "memagent[encryption]"`. It is never stored; without it the memory is lost.
        on_masked: hears what was masked, as `Masked`; by default it is logged as a warning.

    Raises:
        StorageError: the file cannot be used; it was not touched.
        WrongKey: the file is encrypted by another key, or not at all; it was not touched.
        EmbedderMismatch: the file or the store was written with another embedder.
        UsageProblem: this is neither a path nor a store, or the embedder is none.
        ConfigError: the embedder needs a key or a package that is not there.
    """

    def __init__(
        self,
        path_or_store: str | os.PathLike[str] | VectorStore,
        *,
        embedder: str | Embedder | None = None,
        single_user: bool = False,
        secrets: str = "mask",
        on_masked: OnMasked | None = None,
        key: str | bytes | None = None,
    ) -> None:
        self._single_user = single_user
        self._scope = Scope()
        self._owner = True
        self._core = opened(path_or_store, embedder, Guard(secrets, on_masked), key)

    # --- whose memory it is

    @property
    def scope(self) -> Scope:
        """Whose memory this handle reads and writes."""
        return self._scope

    @property
    def embedder(self) -> Embedder:
        """What turns passages and queries into vectors."""
        return self._core.embedder

    @property
    def store(self) -> VectorStore:
        """Where the passages are: for retrievers and methods of your own. Its methods take the scope themselves."""
        return self._core.passages

    @property
    def core(self) -> Core:
        """The open file with its stores: for what works on all of them. Bound handles share it."""
        return self._core

    def bind(self, *, user: str | None = None, session: str | None = None, agent: str | None = None) -> Memory:
        """Return a handle over the same open file that sees this scope only.

        A handle can be narrowed further and never changed or widened. Closing one does not close the file.

        Raises:
            UsageProblem: this handle is bound to another user, session or agent already, or a name is blank.
        """
        scope = Scope(
            user=arguments.narrowed("user", self._scope.user, user),
            session=arguments.narrowed("session", self._scope.session, session),
            agent=arguments.narrowed("agent", self._scope.agent, agent),
        )
        handle = object.__new__(type(self))
        handle.__dict__.update(self.__dict__, _scope=scope, _owner=False)
        return handle

    # --- passages

    def add(self, notes: str | Note | Iterable[str | Note], *, replace_sources: bool = False) -> list[str]:
        """Keep one text or many and return their ids, in order. When this returns, they are on disk.

        A note that is here already (same title, text and source) keeps its passage and costs no embedding. Large
        batches are committed a thousand at a time.

        Args:
            notes: texts or notes; every text must say something.
            replace_sources: the notes are all there is of the sources they name: other passages of these sources are
                deleted, in the one transaction that adds the new ones.

        Raises:
            UsageProblem: a note cannot be kept; nothing was written.
            Conflict: an explicit id is taken by another text; the thousand that it is in was not written.
            SecretRefused: a note holds a secret, and the memory refuses these; nothing was written.
            ScopeRequired: no user is bound.
        """
        scope = self._checked()
        wanted = self._core.guard.notes(arguments.as_notes(notes))
        size = max(1, len(wanted)) if replace_sources else _BATCH
        ids: list[str] = []
        for start in range(0, len(wanted), size):
            some = wanted[start : start + size]
            ids += self.store.add(scope, some, self._core.vectors(scope, some), replace_sources=replace_sources)
        return ids

    def get(self, id: str) -> Passage:
        """Return the passage with this id; `NotFound` if this scope has none."""
        return self.store.get(self._checked(), [id])[0]

    def passages(self, source: str | None = None) -> Iterator[Passage]:
        """Iterate over the passages, in the order they were written; those of one source where it is given."""
        return self.store.passages(self._checked(), source=source)

    def sources(self) -> list[str]:
        """Return the sources that passages name, sorted."""
        return self.store.sources(self._checked())

    def count(self) -> int:
        """Return the number of passages."""
        return self.store.count(self._checked())

    def search(
        self,
        query: str,
        k: int = 5,
        *,
        using: str | Retriever = "hybrid",
        as_of: datetime | None = None,
        facts: Sequence[str] | None = None,
    ) -> list[Hit]:
        """Return up to k hits for a query in words, best first; an empty query finds nothing.

        Args:
            query: what is looked for.
            k: how many hits at most.
            using: `hybrid` (words and vectors), `dense`, `keyword`, `conversation` (turns, by who said them and when
                too), `graph` (PageRank over facts and passages), `facts` (hits of a kind of their own), or a retriever
                of your own.
            as_of: a moment (aware); only what had happened by then is found: passages whose `at`, or else whose time of
                writing, is not later. For `hybrid`, `dense`, `keyword` and
                `conversation`.
            facts: for `graph`, the ids of the facts to begin with, such as those that a filter has left.

        Raises:
            UsageProblem: k is not a positive whole number, no retriever has that name, or `as_of` has no time zone or
                comes with a retriever of your own, which is to see to it itself; or `facts` come with any but `graph`.
        """
        from memagent import registry
        from memagent.retrievers.graph import Graph as GraphRetriever

        scope = self._checked()
        arguments.check_search(k, query=query)
        by_facts = isinstance(using, str) and using.partition(":")[0].strip() in ("graph", "facts")
        if as_of is not None and (not isinstance(using, str) or by_facts):
            hint = "Filter the hits, or name one of these."
            raise UsageProblem("as_of is for hybrid, dense, keyword and conversation search", hint=hint)
        store = self.store if as_of is None else cast(VectorStore, AsOf(self.store, as_of))
        core = self._core
        triples, graph = (core.triples, core.graph) if by_facts else (None, None)
        found = registry.retriever(using, store, self.embedder, triples=triples, graph=graph)
        if isinstance(facts, str):
            raise UsageProblem(f"facts takes a list of ids, got the text {facts!r}", hint="Write facts=[id].")
        if facts is None:
            return found.retrieve(query, k, scope)
        if not isinstance(found, GraphRetriever):
            raise UsageProblem("facts to begin with are for graph search alone", hint='Search with using="graph".')
        return found.retrieve(query, k, scope, facts=tuple(facts))

    def edit(self, id: str, text: str) -> None:
        """Give a passage another text; id, title, source, time and metadata stay. It counts as written now.

        Facts that only the old text said go with it.

        Raises:
            NotFound: this scope has no such passage.
            Conflict: this scope sees the id in more than one session or agent.
            UsageProblem: it is what an item of a LangGraph store is found by, and not the item.
        """
        scope = self._checked()
        arguments.check_says_something(text, "the text")
        text = self._core.guard.text(text, id=id)
        old = self.store.get(scope, [id])[0]
        arguments.check_is_no_copy(old)
        vector = self._core.embed([Note(text, old.title).full_text])[0]
        self.store.replace(scope, id, text, vector)

    # --- what was said, facts and rationales

    @property
    def turns(self) -> Turns:
        """What was said, word for word: of one conversation where a session is bound, else of all of them."""
        self._checked()
        return Turns(self)

    @property
    def facts(self) -> Facts:
        """What is known as subject, relation, object, with who says so and when it held."""
        return Facts(self._core, self._checked())

    @property
    def rationales(self) -> Rationales:
        """Solved problems with their reasoning, and how they have served since."""
        return Rationales(self._core, self._checked())

    @property
    def extractions(self) -> Extractions:
        """In which passages facts have been looked for, and what was found: see `indexing.facts` for the looking."""
        return Extractions(self._core, self._checked())

    @property
    def graph(self) -> Graph:
        """Phrases and passages as one graph: what `using="graph"` searches."""
        return Graph(self._core, self._checked())

    # --- forgetting

    def forget(
        self,
        ids: str | Iterable[str] = (),
        *,
        source: str | None = None,
        answers: bool = True,
        dry_run: bool = False,
    ) -> Receipt:
        """Hide passages, facts and rationales from every read and search until they are restored.

        Facts that only hidden passages say are hidden with them; what a hidden fact had superseded holds again. So is
        what a chatbot answered to a hidden turn, or said later in words that only this has told, in any session that
        this handle sees: the receipt's `reasons` name it. What has words of it and stays is in its `left`.

        Args:
            ids: of passages, facts or rationales.
            source: all that comes from it.
            answers: hide also what a chatbot answered to it, and later answers that by their words surely repeat it;
                what only might is named in the receipt's `left`. `False` keeps all of them.
            dry_run: change nothing, and return the receipt of what would be done.

        Raises:
            NotFound: nothing in this scope has any of these ids or this source.
        """
        return forgetting.forget(self._core, self._checked(), ids, source, answers=answers, dry_run=dry_run)

    def restore(
        self,
        ids: str | Iterable[str] = (),
        *,
        source: str | None = None,
        answers: bool = True,
        dry_run: bool = False,
    ) -> Receipt:
        """Bring back what was forgotten, and the answers that were hidden with it; arguments as for `forget`.

        An answer that also has a name of a turn that stays hidden stays hidden too.

        Raises:
            NotFound: nothing that this scope has forgotten has any of these ids or this source.
        """
        return forgetting.restore(self._core, self._checked(), ids, source, answers=answers, dry_run=dry_run)

    def forgotten(self, count: int = 100) -> list[Forgotten]:
        """Return up to `count` things that were forgotten and can be restored, what was forgotten last first.

        Facts that are hidden only because what says them is hidden come back with that, and are not among them.
        """
        from memagent.memory.forgotten import forgotten

        return forgotten(self._core, self._checked(), count)

    def delete(
        self,
        ids: str | Iterable[str] = (),
        *,
        source: str | None = None,
        answers: bool = True,
        dry_run: bool = False,
    ) -> Receipt:
        """Remove passages, facts and rationales, forgotten ones included, and all that hung on them alone.

        Afterwards the memory is as if they had never been added. What another source says as well stays. Arguments as
        for `forget`.

        Raises:
            NotFound: nothing in this scope has any of these ids or this source.
        """
        return forgetting.delete(self._core, self._checked(), ids, source, answers=answers, dry_run=dry_run)

    def purge(
        self,
        ids: str | Iterable[str] = (),
        *,
        source: str | None = None,
        answers: bool = True,
        dry_run: bool = False,
    ) -> Receipt:
        """Delete, and leave no byte of it in any file of the memory; its facts are not learnt again from that source.

        The file is rewritten, which takes about as long as copying it; so purge many things at once. If this is
        interrupted or fails after the deletion, everything is gone from the memory, `doctor` says that the rewriting
        is due, and it or the next purge finishes it. Caches, traces and exports are files of yours and not touched.

        What a chatbot answered to a purged turn, or said later in words that only this has told, goes with it, as do
        the summaries of their conversations; the receipt's `reasons` name such answers. So no byte of what the receipt
        names is left. What says the same in other words, or in a turn of the user's own, is not found by that: what
        has words of it and stays is in the receipt's `left`, to be looked at, and purged by its id.

        Args:
            ids: of passages, facts or rationales.
            source: all that comes from it.
            answers: purge such answers too, as for `forget`; `False` keeps them.
            dry_run: change nothing, and return the receipt of what would be done.

        Raises:
            NotFound: nothing in this scope has any of these ids or this source.
            Busy: another process kept reading for so long that the file could not be rewritten yet.
            StorageFull: there is no room to rewrite the file.
        """
        return forgetting.purge(self._core, self._checked(), ids, source, answers=answers, dry_run=dry_run)

    def retain(self, policy: Policy, *, dry_run: bool = False) -> Receipt:
        """Forget what a retention policy lets go: `OlderThan`, `AtMost`, `Faded`, or several; see `memory.retention`.

        Nothing is ever dropped unless this is called. The receipt gives the reason for each id.
        """
        from memagent.memory.retention import retain

        return retain(self._core, self._checked(), policy, dry_run=dry_run)

    def used(self, ids: str | Iterable[str]) -> int:
        """Say that these were of use just now, which keeps them from fading; return how many are known here."""
        from memagent.memory.retention import used

        return used(self._core, self._checked(), forgetting.as_ids(ids, None))

    def weigh(self, id: str, importance: float) -> None:
        """Say how important something is: 1 is ordinary, 2 fades half as fast.

        Raises:
            NotFound: nothing in this scope has that id.
        """
        from memagent.memory.retention import weigh

        weigh(self._core, self._checked(), id, importance)

    # --- explanations

    def why(self, id: str) -> Explanation:
        """Explain a passage, fact or rationale: who said it and when, what hangs on it, what has become of it.

        Raises:
            NotFound: this scope has nothing of that id, forgotten or not.
        """
        from memagent.memory.explain import why

        return why(self._core, self._checked(), id)

    def why_not(
        self, id: str, query: str, k: int = 5, *, using: str = "hybrid", as_of: datetime | None = None
    ) -> Explanation:
        """Explain which cut a memory misses when `query` is searched: absent, forgotten, time, words, or rank."""
        from memagent.memory.explain import why_not

        return why_not(self, id, query, k, using, as_of)

    # --- looking after it; of the whole file, but for `audit`, `export` and `import_`

    def doctor(
        self, *, repair: bool = False, on_progress: Callable[[int, int, str], object] | None = None
    ) -> list[doctor.Finding]:
        """Check every invariant of the file, whoever's it is; with `repair`, mend what can be worked out again.

        `on_progress` is called before each check with its number, how many there are, and its name.
        """
        from memagent.memory.doctor import doctor

        return doctor(self._core, repair=repair, on_progress=on_progress)

    def audit(self, *, on_progress: Callable[[int, int], object] | None = None) -> list[audit.Finding]:
        """Look over what this scope holds: duplicates, never used, recalled text come back, secrets.

        `on_progress` is called with how many passages were compared with their neighbours, and of how many.
        """
        from memagent.memory.audit import audit

        return audit(self._core, self._checked(), on_progress=on_progress)

    def reembed(self, embedder: str | Embedder, *, on_progress: Callable[[int, int], object] | None = None) -> int:
        """Change the file over to another embedder and return how many vectors were made.

        Searching and writing go on with the old one meanwhile. Interrupted, it goes on from there when called again;
        the switch comes at the end, at one stroke. Handles that others have open with the old embedder are refused
        then. `on_progress` is called after each batch with how many vectors there are, and how many there have to be.
        """
        from memagent import registry
        from memagent.memory.reembed import reembed

        return reembed(self._core, registry.embedder(embedder), on_progress=on_progress)

    def export(self, place: Place, *, vectors: bool = True) -> Mapping[str, int]:
        """Write all that this scope holds as JSON lines, losslessly, and return how many of each kind.

        `place` is a path, or a file that is open for writing text. Without `vectors` it is much smaller, and an import
        embeds all texts again.
        """
        from memagent.memory.transfer import export

        return export(self._core, self._checked(), place, vectors=vectors)

    def import_(self, place: Place) -> Mapping[str, int]:
        """Take up what `export` wrote, into this scope, in one transaction; what is here already stays as it is.

        `place` is a path, or a file that is open for reading.
        """
        from memagent.memory.transfer import import_

        return import_(self._core, self._checked(), place)

    def as_vectorstore(self, *, using: str = "hybrid") -> MemagentVectorStore:
        """Return this handle as a LangChain vector store."""
        from memagent.integrations.langchain import MemagentVectorStore

        self._checked()
        return MemagentVectorStore(self, using=using)

    def as_langgraph_store(self) -> MemagentStore:
        """Return this handle as a LangGraph store; needs `pip install "memagent[langgraph]"`."""
        from memagent.integrations.langgraph import MemagentStore

        self._checked()
        return MemagentStore(self)

    def as_retriever(self, k: int = 5, *, using: str | Retriever = "hybrid") -> MemagentRetriever:
        """Return this handle as a LangChain retriever: what `search` finds, with scores and reasons as metadata.

        All documents together have at most 8,000 tokens; `MemagentRetriever(tokens=...)` takes another limit.
        """
        from memagent.integrations.retriever import MemagentRetriever

        return MemagentRetriever(memory=self, k=k, using=using)

    def as_chat_history(self) -> MemagentChatMessageHistory:
        """Return the conversation of this handle, which is bound to a session, as LangChain's chat-message history."""
        from memagent.integrations.chat_history import MemagentChatMessageHistory

        return MemagentChatMessageHistory(self)

    def as_agents_session(self) -> MemagentSession:
        """Return the conversation of this handle, which is bound to a session, as a session of OpenAI's Agents SDK.

        Needs `pip install "memagent[agents]"`.
        """
        from memagent.integrations.agents import MemagentSession

        return MemagentSession(self)

    def as_openai_tools(self, *, only: Iterable[str] | None = None) -> OpenAITools:
        """Return this handle as tools for OpenAI's interfaces, with a runner for the calls; all of them, or `only`."""
        from memagent.integrations.openai_tools import OpenAITools

        return OpenAITools(self, only=only)

    def close(self) -> None:
        """Close the file, for every handle. On a bound handle this does nothing: who opened the file closes it.

        A store that was given is closed by whoever made it.
        """
        if self._owner and self._core.database is not None:
            self._core.database.close()

    aadd = awaitable(add)
    aget = awaitable(get)
    apassages = awaitable_list(passages)
    asources = awaitable(sources)
    acount = awaitable(count)
    asearch = awaitable(search)
    aedit = awaitable(edit)
    aforget = awaitable(forget)
    arestore = awaitable(restore)
    aforgotten = awaitable(forgotten)
    adelete = awaitable(delete)
    apurge = awaitable(purge)
    aretain = awaitable(retain)
    aused = awaitable(used)
    aweigh = awaitable(weigh)
    awhy = awaitable(why)
    awhy_not = awaitable(why_not)
    aaudit = awaitable(audit)
    adoctor = awaitable(doctor)
    areembed = awaitable(reembed)
    aexport = awaitable(export)
    aimport_ = awaitable(import_)
    aclose = awaitable(close)

    def __enter__(self) -> Memory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return self.count()

    def __bool__(self) -> bool:
        return True  # an empty memory is still a memory

    def __repr__(self) -> str:
        bound = [f"{name}={value!r}" for name in _PARTS if (value := getattr(self._scope, name)) is not None]
        database = self._core.database
        place = repr(self.store) if database is None else repr(str(database.path))
        parts = [place, *bound, f"embedder={self.embedder.name!r}"]
        return f"Memory({', '.join(parts)})"

    def _checked(self) -> Scope:
        if self._scope.user is None and not self._single_user:
            raise ScopeRequired(
                "whose memory is meant? No user is bound",
                hint='Use memory.bind(user="..."), or open it with Memory(path, single_user=True).',
            )
        return self._scope


_PARTS = ("user", "session", "agent")
