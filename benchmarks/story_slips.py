"""Slips as people make them, each in a little text of its own: what of them does `memagent story check` find?

    python benchmarks/story_slips.py [--json]

Two sets of 15, written before the rules were: by the first the rules were widened, the second was looked at only to
count. A slip counts as found when a finding of its kind stands in its paragraph; every other finding counts as false.
Besides, stories without a slip, of 40 paragraphs and more, in which every finding is false.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from memagent.story.checks import check
from memagent.story.manuscript import Chapter, Manuscript

DATA = Path(__file__).parents[1] / "tests" / "data"
CLEAN = ("clean_story.md", "clean_saga.md", "clean_case.md", "clean_island.md")
BETWEEN = "The market was full that morning, and the carts stood three deep along the wall."
CHECKS = ("names", "timeline", "canon")


@dataclass(frozen=True)
class Slip:
    """A slip: the kind of finding it should give, paragraphs that are right, the paragraph that is not.

    `apart` puts the last paragraph into a chapter of its own.
    """

    kind: str
    before: tuple[str, ...]
    slip: str
    apart: bool = False

    def manuscript(self) -> Manuscript:
        """Return it as a text with a paragraph between that has nothing to do with it."""
        told = (*self.before, BETWEEN) if self.before else ()
        chapters = (told, (self.slip,)) if self.apart else ((*told, self.slip),)
        return Manuscript("Slip", tuple(Chapter("", texts) for texts in chapters))


def _often(name: str) -> tuple[str, ...]:
    did = ("sat by the door.", "came down to supper.", "shut the gate.", "sang at the well.", "slept till noon.")
    return tuple(f"In the end {name} {what}" for what in (*did, "counted the sheep."))


DEVELOPMENT = (
    Slip("timeline", ("On Monday the pump broke, and Sarah carried water from the church.",),
         "Two days later, on a Thursday, the plumber came."),
    Slip("timeline", ("The wedding was held on the fourth of August 1911.",),
         "It was the autumn of 1909, and the young couple had taken rooms in Bath.", apart=True),
    Slip("timeline", (),
         "It was past midnight when Owen locked the shop. Sunlight lay across the cobbles, and children were playing."),
    Slip("timeline", ("June came in hot.",), "A month later, in May, the well ran dry."),
    Slip("name", _often("Josephine Marlow"), "Nobody told Josephene Marlow."),
    Slip("name", _often("Callum"), "On the stairs stood Calum, and he was laughing."),
    Slip("canon", ("Hetty looked at him out of her round brown eyes.",), "Hetty's eyes were as green as the river."),
    Slip("canon", ("Edgar came in with the coal. His hair was fair, and he wore it long.",),
         "Edgar ran a hand through his dark hair."),
    Slip("timeline", ("Lydia was forty-four and had never learned to swim.",),
         "A year later Lydia turned thirty-nine."),
    Slip("canon", ("Martha wrote to her sister Judith every week.",), "Judith, who was Martha's aunt, kept hens."),
    Slip("canon", ("Gideon lived in Cutler Row, over the chandler's.",),
         "Gideon walked home to his house in Fishergate."),
    Slip("canon", ("Nell dropped her wedding ring down the well.",), "Nell turned the wedding ring on her finger."),
    Slip("canon", ("There were nine photographs in the album.",),
         "She laid the seven photographs from the album on the bed."),
    Slip("canon", ("Arthur had never been to Lisbon.",), "Arthur was born in Lisbon and spent his boyhood there."),
    Slip("canon", ("Silas had a scar on his left hand.",), "The scar on Silas's right hand itched."),
)  # fmt: skip
HELD_OUT = (
    Slip("timeline", ("It was Saturday, and the shop was full.",), "The morning after, a Thursday, nobody came."),
    Slip("timeline", ("On 12 March 1954 the dam was opened.",),
         "In January 1953 the engineers packed up and left the valley.", apart=True),
    Slip("timeline", (),
         "The clock in the hall struck midnight. Outside the sun was high, and bees were busy in the clover."),
    Slip("timeline", ("It was the first week of October when the roof went.",),
         "A fortnight later, on the second of August, the builders came."),
    Slip("name", _often("Frederick Lowe"), "Nobody told Fredrick Lowe."),
    Slip("name", _often("Marguerite"), "On the stairs stood Margeurite, and she was laughing."),
    Slip("canon", ("Clara opened her pale blue eyes.",), "Clara's eyes, brown and steady, never left him."),
    Slip("canon", ("Dunstan was a big man with red hair.",), "Rain had flattened Dunstan's black hair."),
    Slip("timeline", ("Old Mr Pym was seventy-eight.",), "Old Mr Pym, who was sixty-nine, climbed the ladder himself."),
    Slip("canon", ("Walter's father, Joseph, drove the coach.",),
         "Joseph was Walter's uncle, and had no children of his own."),
    Slip("canon", ("Philippa had her lodgings in Orchard Street.",), "Philippa lived on Bell Lane."),
    Slip("canon", ("Simeon tore up the deed and fed it to the fire.",),
         "Simeon unfolded the deed and spread it on the table."),
    Slip("canon", ("Beatrice had three sons.",), "All four of Beatrice's sons came to the funeral."),
    Slip("canon", ("Leonard had never set foot in Cork.",),
         "Leonard had grown up in Cork, two streets from the river."),
    Slip("canon", ("Ursula had a long scar on her left forearm.",),
         "Ursula rolled up her sleeve and showed them the scar on her right forearm."),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What was found of one set."""

    name: str
    slips: int
    missed: list[str]
    false: list[str]
    seconds: float


def measure(name: str, slips: tuple[Slip, ...]) -> Row:
    """Check each slip's text; return what was missed, and what else was found."""
    missed, false, begun = [], [], time.perf_counter()
    for slip in slips:
        manuscript = slip.manuscript()
        place = manuscript.paragraphs[-1][0]
        found = check(manuscript, CHECKS)
        if not any((one.kind, one.place) == (slip.kind, place) for one in found):
            missed.append(slip.slip)
        false += [f"{one.text} [{slip.slip}]" for one in found if (one.kind, one.place) != (slip.kind, place)]
    return Row(name, len(slips), missed, false, time.perf_counter() - begun)


def clean(name: str) -> Manuscript:
    """Read a story without a slip."""
    parts = re.split(r"^## .*\n", (DATA / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    texts = [tuple(text.strip() for text in part.split("\n\n") if text.strip()) for part in parts]
    return Manuscript(name, tuple(Chapter("", one) for one in texts))


def measure_clean(name: str) -> Row:
    """Check a story without a slip; all that is found is false."""
    manuscript, begun = clean(name), time.perf_counter()
    false = [f"{one.place} {one.text} [{one.quote}]" for one in check(manuscript)]
    return Row(name, 0, [], false, time.perf_counter() - begun)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [measure("development", DEVELOPMENT), measure("held out", HELD_OUT)] + [measure_clean(one) for one in CLEAN]
    if options.json:
        print(json.dumps([asdict(row) for row in rows], ensure_ascii=False))
        return
    print("set                  slips  found  false findings  seconds")
    for row in rows:
        print(f"{row.name:21s}{row.slips:5d}{row.slips - len(row.missed):7d}{len(row.false):16d}{row.seconds:9.2f}")
    for row in rows:
        for what, lines in (("missed", [] if row.name == "held out" else row.missed), ("false", row.false)):
            for line in lines:
                print(f"{row.name}, {what}: {line}")


if __name__ == "__main__":
    main()
