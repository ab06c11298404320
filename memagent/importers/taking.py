"""Writing what was found: in batches, in order, each with an id that the same file gives again.

So a second import adds nothing, and one that was stopped goes on where it was: what is there is passed over before
anything is embedded. What was edited or forgotten here since stays as it is.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from memagent.errors import UsageProblem
from memagent.importers.found import Found, Skipped
from memagent.importers.reading import read
from memagent.memory import Memory
from memagent.memory.secret_guard import masked
from memagent.stores.items import pages
from memagent.stores.keys import digest
from memagent.stores.scoping import exact, marks
from memagent.types import Note, Triple

OnProgress = Callable[[int], object]
"""Hears how many turns and memories were gone through."""

_BATCH, _HELD = 256, 4096
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import has done, or with `dry_run` would do.

    Attributes:
        added: how many turns and memories are new.
        there: how many were here already.
        facts: how many facts are new.
        conversations: how many conversations they are of.
        users: whose they are, where that was taken from the file.
        reasons: how many things were left out, by reason.
        skipped: the first of these, each with its place in the file.
        untimed: how many have a time in the file that is not understood; it is kept in their metadata.
        dry_run: nothing was written.
    """

    added: int = 0
    there: int = 0
    facts: int = 0
    conversations: int = 0
    users: tuple[str, ...] = ()
    reasons: dict[str, int] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    dry_run: bool = False
    untimed: int = 0


def import_from(
    format: str,
    path: str | os.PathLike[str],
    memory: Memory | None,
    *,
    users_from_file: bool = False,
    all_as_user: bool = False,
    dry_run: bool = False,
    user: str | None = None,
    on_progress: OnProgress | None = None,
) -> Imported:
    """Take up a file of another program into a memory.

    A conversation becomes a session of its name, unless the handle is bound to one; without a name it is that of the
    file. Times, speakers and roles are kept, and all that is not understood stays in the metadata.

    Args:
        format: `chatgpt`, `langchain`, `mem0` or `jsonl`.
        path: the file.
        memory: who is to have it; with `dry_run`, `None` stands for an empty memory.
        users_from_file: bind each thing to the user that the file names; without, the file never says whose it is,
            and one that names several users, or another than the one who is bound, is refused.
        all_as_user: have all things of a file that names other users be of the one who is bound.
        dry_run: change nothing, and return what would be done.
        user: who is to have it, where there is no memory yet.
        on_progress: called after each batch.

    Raises:
        UnknownName: there is no such format.
        UsageProblem: the file is wrong, and the message names the line; what stands before it is kept, and is passed
            over when the mended file is imported. Or it names users, and it is not said whose all is to be.
            Or a handle of a user is to take users from the file.
        ScopeRequired: no user is bound.
        SecretRefused: the memory refuses secrets, and one is there.
    """
    if users_from_file and memory is not None and memory.scope.user is not None:
        raise UsageProblem(
            f"this memory is bound to {memory.scope.user!r}, and users are to be taken from the file",
            hint="Take them from the file with a handle that is bound to no user.",
        )
    if users_from_file and all_as_user:
        raise UsageProblem("users are either taken from the file or all the same", hint="Give one of the two.")
    if not users_from_file and not all_as_user:
        check_one_user(format, path, user if memory is None else memory.scope.user)
    taking = _Taking(format, Path(path), memory, users_from_file, dry_run)
    done = 0
    try:
        for some in _batches(taking.wanted()):
            taking.keep(some)
            done += len(some)
            if on_progress is not None:
                on_progress(done)
    except UsageProblem as error:
        if not done or dry_run:
            raise
        raise UsageProblem(error.message, hint=f"What stands before it ({done}) is kept. {error.hint}") from error
    return taking.result()


def check_one_user(format: str, path: str | os.PathLike[str], user: str | None = None) -> None:
    """Refuse a file that names several users, or another than the one who is to have it, before anything is written.

    Raises:
        UsageProblem: it does; who they are is told, with how many things each has.
    """
    users: Counter[str] = Counter()
    with suppress(UsageProblem):  # of a file that is wrong: it is told when what stands before it is kept
        users.update(one.user for one in read(format, path) if isinstance(one, Found) and one.user)
    if len(users) > 1 or (user is not None and users and list(users) != [user]):
        first = ", ".join(f"{user!r} ({count})" for user, count in users.most_common(3))
        raise UsageProblem(
            f"{path} names {'the user' if len(users) == 1 else f'{len(users)} users:'} {first}"
            f"{', ...' if len(users) > 3 else ''}{f', and all is to be of {user!r}' if user else ''}",
            hint="Say whose it is: users_from_file=True (--users-from-file) gives each their own, and all_as_user=True "
            "(--user NAME --all-as-user) all of it to one.",
        )


def _batches(found: Iterator[Found]) -> Iterator[list[Found]]:
    """Up to 256 at a time, of one user, one conversation and one kind; many conversations may go on side by side.

    Where the file is wrong, what stands before that comes before the error.
    """
    open_ones: dict[tuple[str, str, bool], list[Found]] = {}
    held = 0
    try:
        for one in found:
            some = open_ones.setdefault((one.user, one.conversation, one.triple is None), [])
            some.append(one)
            held += 1
            if len(some) == _BATCH:
                held -= len(some)
                yield open_ones.pop((one.user, one.conversation, one.triple is None))
            if held >= _HELD:
                yield from open_ones.values()
                open_ones, held = {}, 0
    except UsageProblem:
        yield from open_ones.values()
        raise
    yield from open_ones.values()


class _Taking:
    """One import: what it counts, and how ids are made."""

    def __init__(self, format: str, path: Path, memory: Memory | None, users: bool, dry_run: bool) -> None:
        self._format, self._path, self._memory = format, path, memory
        self._users_from_file, self._dry_run = users, dry_run
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._skipped: list[Skipped] = []
        self._users: dict[str, None] = {}
        self._conversations: set[tuple[str, str]] = set()
        self._like: Counter[tuple[str, ...]] = Counter()
        self._seen: set[tuple[str, str, str]] = set()

    def wanted(self) -> Iterator[Found]:
        """What is to be kept, each of the user and in the session that it will have, and with a time if one is near."""
        last: dict[tuple[str, str], datetime] = {}
        for one in read(self._format, self._path):
            if isinstance(one, Skipped):
                self._skip(one)
                continue
            if self._users_from_file and not one.user.strip():
                self._skip(Skipped(one.place, "names no user"))
                continue
            owner, session = one.user if self._users_from_file else "", self._session(one)
            at = one.at or (last.get((owner, session)) if one.role else None)
            self._counts["untimed"] += one.untimed
            if at is not None:
                last[owner, session] = at
            yield replace(one, user=owner, conversation=session, at=at, metadata=self._metadata(one))

    def keep(self, some: list[Found]) -> None:
        """Write a batch, but for what is there."""
        first = some[0]
        handle = self._handle(first)
        if self._users_from_file:
            self._users[first.user] = None
        if first.triple is not None:
            self._keep_facts(handle, some)
            return
        if first.conversation:
            self._conversations.add((first.user, first.conversation))
        named = {self._id(one): one for one in some}
        repeated = {id for id in named if (first.user, first.conversation, id) in self._seen}
        self._seen.update((first.user, first.conversation, id) for id in named)
        there = self._there(handle, list(named)) | repeated
        self._counts["there"] += len(there) + len(some) - len(named)
        new = [self._note(id, one) for id, one in named.items() if id not in there]
        if new and handle is not None and not self._dry_run:
            handle.add(new)
        self._counts["added"] += len(new)

    def result(self) -> Imported:
        """What was done."""
        return Imported(
            added=self._counts["added"],
            there=self._counts["there"],
            facts=self._counts["facts"],
            conversations=len(self._conversations),
            users=tuple(self._users),
            reasons=dict(self._reasons.most_common()),
            skipped=tuple(self._skipped),
            dry_run=self._dry_run,
            untimed=self._counts["untimed"],
        )

    def _skip(self, one: Skipped) -> None:
        self._reasons[one.reason] += 1
        if len(self._skipped) < _SHOWN:
            self._skipped.append(one)

    def _session(self, one: Found) -> str:
        """The session that it will be in: that of the handle, else the name of the conversation, else of the file."""
        bound = self._memory.scope.session if self._memory is not None else None
        return bound or one.conversation.strip() or (self._path.stem.strip() if one.role else "")

    def _metadata(self, one: Found) -> dict[str, object]:
        own = {"user": one.user} if one.user and not self._users_from_file else {}
        named = one.conversation and one.conversation != self._session(one)
        return {**one.metadata, **own, **({"session": one.conversation} if named else {})}

    def _handle(self, one: Found) -> Memory | None:
        if self._memory is None:
            return None
        session = one.conversation if self._memory.scope.session is None and one.conversation else None
        return self._memory.bind(user=one.user or None, session=session)

    def _id(self, one: Found) -> str:
        """What the same thing in the same file is known by again; of things without an id, the how manieth it is.

        Of the text without its secrets: nobody can try out by the id what was masked.
        """
        if one.message:
            return digest("imported", self._format, one.conversation, one.message)
        what = (one.user, one.conversation, one.role, one.speaker, str(one.at or ""), masked(one.text)[0])
        self._like[what] += 1
        return digest("imported", self._format, *what, str(self._like[what]))

    def _there(self, handle: Memory | None, ids: list[str]) -> set[str]:
        """Those that are here, forgotten ones included: who forgot them does not want them back."""
        if handle is None:
            return set()
        condition, own = exact(handle.scope)
        found: set[str] = set()
        for page in pages(ids):
            sql = f"SELECT id FROM items WHERE kind = 'passage' AND {condition} AND id IN ({marks(page)})"
            found.update(row["id"] for row in handle.core.file().read(sql, [*own, *page]))
        return found

    def _note(self, id: str, one: Found) -> Note:
        own = {"role": one.role} if one.role else {}
        own |= {"speaker": one.speaker} if one.speaker.strip() else {}
        own |= {"message": one.message} if one.message else {}
        return Note(one.text, source=self._format, id=id, at=one.at, metadata={**one.metadata, **own})

    def _keep_facts(self, handle: Memory | None, some: list[Found]) -> None:
        triples = [Triple(*one.triple, source=self._format) for one in some if one.triple is not None]
        known = {
            (triple.subject, triple.relation, triple.object)
            for triple in triples
            if handle is not None and handle.facts.find(triple.subject, triple.relation, triple.object)
        }
        new = [one for one in triples if (one.subject, one.relation, one.object) not in known]
        if new and handle is not None and not self._dry_run:
            handle.facts.add(new)
        self._counts["facts"] += len(new)
        self._counts["there"] += len(triples) - len(new)
