"""`memagent story context | log | cost`: what the model sees, what happened, what it cost."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from memagent.cli.console import COLUMNS, dim, emit, harmless, money, plural, say, shortened, spent, wrapped
from memagent.cli.story_options import folder_argument, json_option, open_story
from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.llms.base import LLM
    from memagent.methods.recurrent import Select
    from memagent.methods.recurrent_recall import Recalled
    from memagent.types import Request, Usage


@click.command()
@folder_argument
@click.option("-m", "--model", help="For which model; by default the story's.")
@click.option("--plan", type=click.IntRange(min=1), help="As if this plan were chosen.")
@click.option("--raw", is_flag=True, help="The messages word for word.")
@json_option
def context(folder: Path, model: str | None, plan: int | None, raw: bool, as_json: bool) -> None:
    """Show what the next call will send, part by part with its tokens. Nothing is sent.

    With --raw, its messages word for word, and the schema that goes with them; with --json, as "request", all that the
    server is sent. A story whose plans are chosen by a model asks for the choice first: --plan N shows the paragraph's.
    """
    from memagent import registry
    from memagent.cli.story_lore_told import fired_lines, firing_data
    from memagent.story import context as contexts
    from memagent.story.canon_shown import facts_for_next, tokens_of
    from memagent.story.lore_scan import for_next
    from memagent.story.recalling import recalling

    book = open_story(folder)
    with book.reading():
        llm = registry.llm(model or book.config.llm or None)
        if plan is not None and book.state is not None and plan > len(book.state.plans):
            raise UsageProblem(f"there is no plan {plan}", hint=f"There are {len(book.state.plans)}.")
        select = cast("Select", book.config.select) if plan is None else (lambda state: plan)
        look_up, lore, facts = recalling(book), for_next(book, book.standing), facts_for_next(book)
        request = contexts.next_request(book, llm, select, look_up, lore, facts)
    if as_json:
        data: dict[str, Any] = {
            "label": request.label,
            "model": llm.name,
            "messages": [{"role": one.role, "content": one.content} for one in request.messages],
            "tokens": {part.name: part.tokens for part in contexts.parts(request)},
            "recall": [asdict(one) for one in look_up.found],
            "lore": firing_data(lore.last),
            "request": _sent(llm, request),
            "canon": [{"fact": entry.line, "tokens": tokens_of(entry)} for entry in facts.last],
        }
        emit(data)
        return
    if raw:
        _tell_raw(llm, request)
        return
    found = [part for part in contexts.parts(request) if part.name != "schema" or "schema" in llm.can]
    click.echo(f"{request.label} for {llm.name}, about {sum(part.tokens for part in found):,} tokens")
    for part in found:
        click.echo(f"{part.tokens:>7,}  {part.name:<12}  {shortened(part.text, 56)}")
        if part.name == "recalled":
            reasons(look_up.found, indent=23)
        for line in fired_lines(lore.last) if part.name == "lore" else ():
            click.echo(dim(f"  {line}"))
        for entry in facts.last if part.name == "canon" else ():
            click.echo(dim(f"  {tokens_of(entry):>7,}  {shortened(entry.line, COLUMNS - 11)}"))
    if facts.left_out:
        say(dim(f"{plural(facts.left_out, 'fact')} more would pass canon_budget of story.toml"))
    say(dim("Word for word: memagent story context --raw"))
    _tell_choice(request)


def _tell_raw(llm: LLM, request: Request) -> None:
    for message in request.messages:
        say(dim(f"── {message.role} ──"))
        click.echo(harmless(message.content) if sys.stdout.isatty() else message.content)
    if request.schema and "schema" in llm.can:
        say(dim("── schema ──"))
        click.echo(json.dumps(request.schema, ensure_ascii=False))
    _tell_choice(request)


def _tell_choice(request: Request) -> None:
    if request.label == "recurrent/choose":
        say("This call chooses the plan. The paragraph's, with lore, canon and note: memagent story context --plan 1")


def _sent(llm: LLM, request: Request) -> dict[str, Any]:
    """All that a server is sent for a request; of a model that has none, the request."""
    if sent := getattr(llm, "sent", None):
        return cast("dict[str, Any]", sent(request, stream=True))
    said = {"schema": request.schema, "seed": request.seed, "max_tokens": request.max_tokens}
    messages = [{"role": one.role, "content": one.content} for one in request.messages]
    return {"model": llm.name, "messages": messages} | {
        name: value for name, value in said.items() if value is not None
    }


def reasons(recalled: Sequence[Recalled], indent: int = 3) -> None:
    """Say what was called to mind, the likest first, and why, in a line each of at most 79 columns."""
    for one in recalled:
        place = f"¶{one.number} " if one.number else ""
        say(dim(" " * indent + shortened(f"{place}«{shortened(one.quote, 34)}» {one.why}", COLUMNS - indent)))


@click.command()
@folder_argument
@click.option("-n", "count", default=20, show_default=True, type=click.IntRange(min=1), help="How many of the newest.")
@json_option
def log(folder: Path, count: int, as_json: bool) -> None:
    """Show what happened to the story, the newest last: paragraphs, choices, edits, what was taken back."""
    from memagent.story.drafts import told

    book = open_story(folder)
    for one in book.log.events[-count:]:
        if as_json:
            emit(one)
            continue
        usage = one.get("usage")
        price = f"  {money(usage['cost'])}" if usage else ""
        when = str(one.get("at", ""))[:16].replace("T", " ")
        click.echo(f"{when:<16}  {shortened(told(one), 50)}{price}")
        for finding in one.get("findings", ()):
            click.echo(f"{'':<16}  {shortened('contradicts: ' + finding['text'], 62)}")


@click.command()
@folder_argument
@click.option("--more", default=10, show_default=True, type=click.IntRange(min=1), help="Estimate for so many more.")
@json_option
def cost(folder: Path, more: int, as_json: bool) -> None:
    """Show what the story has cost so far, by chapter, kind and model, and what more of it is likely to cost."""
    from memagent.story import estimate as estimates

    book = open_story(folder)
    record, begun = book.record, book.unfinished()
    have, beside = len(record.paragraphs), estimates.beside(book)
    so_far, model = estimates.measured(book), estimates.newest_model(book)
    guess = estimates.estimate(book.config, more, model=model, so_far=so_far, have=have, beside=beside)
    tables: dict[str, dict[str, Usage]] = {
        "chapter": estimates.by_chapter(book),
        "kind": dict(estimates.by_kind(book)),
        "model": {name or "(not said)": usage for name, usage in estimates.by_model(book).items()},
    }
    if as_json:
        data: dict[str, Any] = {
            kind: {name: _data(usage) for name, usage in rows.items()} for kind, rows in tables.items()
        }
        emit(
            {
                **data,
                "unfinished": _data(begun),
                "all": _data(record.usage + begun),
                "more": {**asdict(guess), "beside": beside},
            }
        )
        return
    for kind, rows in tables.items():
        for name, usage in rows.items():
            click.echo(f"{kind:<8} {shortened(name, 24):<24} {spent(usage)}")
    if begun.calls:
        click.echo(f"{'steps that are not finished yet':<33} {spent(begun)}")
    click.echo(f"{'in all':<33} {spent(record.usage + begun)}")
    say(f"{plural(more, 'paragraph')} more:\n" + wrapped(f"  {guessed(guess)}", indent="  "))


def guessed(guess: Any) -> str:
    """Say an estimate in a line."""
    price = "cost unknown: its price is not in the table (a guess)"
    if guess.cost is not None:
        between = f": {money(guess.low)} to {money(guess.high)}" if guess.cost else ""
        price = f"about {money(guess.cost)} (a guess{between})"
    return f"~{guess.words:,} words, ~{guess.input_tokens:,} tokens in, ~{guess.output_tokens:,} out, {price}"


def _data(usage: Usage) -> dict[str, Any]:
    return {"calls": usage.calls, "tokens": usage.tokens, "cost": usage.cost}
