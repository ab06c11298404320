"""`memagent doctor --llm`: what a model can do, declared and tried, and how each method will work with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import FINDINGS, emit, money, say, spent

if TYPE_CHECKING:
    from memagent.llms.base import LLM
    from memagent.methods.needs import Outlook
    from memagent.methods.probing import Tried
    from memagent.types import Usage


def examine(spec: str, probe: bool | None, seconds: float, as_json: bool) -> int:
    """Tell what the model `spec` can do. `probe` says whether to try it; `None` tries what is known to cost nothing.

    Returns `FINDINGS` where an ability that requests rely on is declared and does not hold.
    """
    from memagent import registry
    from memagent.controller import Controller
    from memagent.methods.needs import INSTRUCTIONS, outlook
    from memagent.methods.probing import PROMISED, probed
    from memagent.types import Usage

    llm = registry.llm(spec)
    declared, usage = frozenset(llm.can), Usage()
    tries = _is_free(llm) if probe is None else probe
    say(_beforehand(llm, tries), quiet=as_json)
    tried: Mapping[str, Tried] = {}
    if tries:
        result = Controller(llm, retries=0).run(probed(timeout=seconds))
        tried, usage = {one.ability: one for one in result.value}, result.usage
    broken = {name for name, one in tried.items() if one.held == "no"}
    narrow = bool(getattr(llm, "narrow", False))
    methods = outlook(declared - broken | (frozenset() if narrow else {INSTRUCTIONS}))
    if as_json:
        emit(_data(llm, declared, tried, methods, usage))
    else:
        click.echo("\n".join(_table(llm, declared, tried, methods)))
        say(f"{llm.name}: {spent(usage)}", quiet=not tries)
    return FINDINGS if broken & PROMISED else 0


def _is_free(llm: LLM) -> bool:
    price = getattr(llm, "price", None)
    return price is not None and price.cost(1_000_000, 1_000_000) == 0


def _beforehand(llm: LLM, tries: bool) -> str:
    """What trying it will cost, or would."""
    from memagent.methods.probing import CALLS, MAX_TOKENS, estimate

    price = getattr(llm, "price", None)
    output = CALLS * MAX_TOKENS
    cost = money(price.cost(estimate() - output, output) if price is not None else None)
    most = f"at most {CALLS} calls, about {estimate():,} tokens, {cost}"
    return f"trying {llm.name}: {most}" if tries else f"nothing was tried, only read; --probe tries it: {most}"


def _table(llm: LLM, declared: frozenset[str], tried: Mapping[str, Tried], methods: Sequence[Outlook]) -> list[str]:
    from memagent.methods.probing import ABILITIES

    lines = [llm.name, "", f"{'ability':18}{'declared':10}{'tried':14}what was seen"]
    for name in ABILITIES:
        one = tried.get(name)
        held, why = _seen(one)
        lines.append(f"{name:18}{'yes' if name in declared else 'no':10}{held:14}{why}".rstrip())
    lines += ["", f"{'method':18}{'works':24}what it falls back to"]
    for outlook in methods:
        first, *others = outlook.instead or ("",)
        lines.append(f"{outlook.method:18}{outlook.works:24}{first}".rstrip())
        lines += [f"{'':42}{other}" for other in others]
    return lines


def _seen(one: Tried | None) -> tuple[str, str]:
    if one is None:
        return "not tried", ""
    return ("not tried", "") if one.held == "not declared" else (one.held, one.why)


def _data(
    llm: LLM, declared: frozenset[str], tried: Mapping[str, Tried], methods: Sequence[Outlook], usage: Usage
) -> dict[str, Any]:
    from memagent.methods.probing import ABILITIES

    abilities = {}
    for name in ABILITIES:
        held, why = _seen(tried.get(name))
        abilities[name] = {"declared": name in declared, "tried": held, "why": why}
    return {
        "model": llm.name,
        "probed": bool(tried),
        "abilities": abilities,
        "methods": [asdict(one) for one in methods],
        "usage": asdict(usage),
    }
