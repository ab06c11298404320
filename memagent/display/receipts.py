"""A receipt: what a verb that hides or removes things has done, or would do, and why."""

from __future__ import annotations

from memagent.display import lines
from memagent.display.markup import chip, folded, joined, quiet, table, tag
from memagent.display.view import View
from memagent.types import Receipt

_MOST = 30


def view_of(receipt: Receipt) -> View:
    """Return the view of a receipt."""
    ids = [(one, receipt.reasons.get(one, "")) for one in receipt.ids[:_MOST]]
    more = len(receipt.ids) - len(ids)
    text = [lines.wrapped(receipt, "  ", "")]
    text += [lines.wrapped(f"{one}{f': {why}' if why else ''}", "    ", "  ", most=200) for one, why in ids]
    text += [f"  … and {more} more"] * (more > 0)
    left = list(receipt.left.items())
    text += [lines.wrapped(f"stays: {one}: {why}", "    ", "  ", most=200) for one, why in left[:_MOST]]
    head = [tag("b", receipt.verb), " ", chip("nothing was changed: a dry run", "warm") if receipt.dry_run else ""]
    counts = [(kind, count) for kind, count in receipt.counts.items() if count]
    told = [
        tag("div", *head),
        table(("what", "how many"), counts) if counts else tag("div", "nothing"),
    ]
    if ids:
        rows = [(lines.cut(one, 100), lines.cut(why, 200)) for one, why in ids]
        behind = quiet(f"… and {more} more") if more > 0 else ""
        told.append(folded(lines.number(len(receipt.ids), "id"), table(("id", "why"), rows), behind))
    if left:
        rows = [(lines.cut(one, 100), lines.cut(why, 200)) for one, why in left[:_MOST]]
        told.append(folded(f"{len(left)} that stay", table(("id", "why"), rows)))
    return View("\n".join(text), joined(told))
