"""Planted errors in a long story: which does `memagent story check` find, and what does it find that is none?

    python benchmarks/story_checks.py [-n 1000] [--seed 0] [--written] [--json]

Makes a text of `n` paragraphs of about 200 words in 40 chapters from clauses and names, checks it, plants 20
repetitions, 10 name drifts, 20 contradictions and 5 errors of time, and checks it again; besides, 20 contradictions
that are freely said: 10 that the rules were widened by afterwards, and 10 that they were not, to show where the rules
end. A planted error counts as found when there is a finding of its kind in its paragraph; every other finding counts as
false.

With --written, the text is what `offline` writes in as many steps, in chapters of 25 paragraphs, and the repetitions
and contradictions are planted there. Such a text repeats itself, so that what is found without the plants is shown
beside it, and a planted error counts as found when there is a finding of it that was not there before.

Seconds are of processor time.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from memagent import Story
from memagent.sentences import count_words, split_sentences
from memagent.story.checks import check
from memagent.story.config import StoryConfig
from memagent.story.finding import Finding
from memagent.story.manuscript import Chapter, Manuscript, Place

CHAPTERS = 40
PREMISE = Path(__file__).parents[1] / "examples" / "lighthouse.md"
FREELY_SAID = "freely said"
UNSEEN_SAID = "freely, unseen"
WHOSE = "my your our their his her its".split()
NAMES = (
    "Annika Barnaby Cecily Dorothea Edmund Florian Gwendolyn Horatio Isolde Jeremiah Katarina Leopold Marguerite "
    "Nathaniel Ottoline Percival Quentin Rosalind Sebastian Ursula Wilhelmina Xavier Yolanda Zachary "
    "Bartholomew Clementine Desmond Eleanor"
).split()
WHO = (
    "baker ferryman clerk widow sailor schoolmaster tinker porter apothecary soldier beekeeper laundress sexton "
    "glazier pedlar pilot cooper miller weaver farrier gardener cobbler juggler organist surgeon barber notary "
    "fiddler drover chandler tanner saddler brewer thatcher carter poacher midwife bailiff verger hatter"
).split()
DID = (
    "counted carried mended hid weighed traded polished sorted dropped wrapped buried measured borrowed scrubbed "
    "stacked bartered examined unpacked dragged tested gathered wiped shelved bought sold hauled hoarded pawned rinsed "
    "labelled smuggled fetched auctioned oiled juggled inspected crated warmed flung numbered"
).split()
WHAT = (
    "candles turnips herrings ledgers buttons planks kettles feathers tiles lanterns ropes onions spoons blankets "
    "bottles hinges saddles almanacs barrels needles pebbles apples boots whistles chestnuts nets oars nails coins "
    "thimbles bricks gloves walnuts ladders pulleys flutes drums cabbages quills shutters anchors baskets bellows "
    "brooms buckles carrots chisels combs corks cushions ducks eels eggs funnels geese hammers hats jugs knives lemons"
).split()
WHERE = (
    "behind under beside above near across inside below by on among past outside between beyond against opposite round"
).split()
PLACE = (
    "chapel arches towpath well stables tollgate marsh granary terrace sluice jetty orchard kiln shed crossroads loft "
    "cellar forge abbey quarry market dovecote icehouse causeway brewery pier windmill gallows nursery ballroom "
    "cloister smokehouse sawmill pigsty foundry aqueduct lido graveyard barracks observatory"
).split()
HOW = (
    "patiently silently carefully humming wordlessly grudgingly blindly hurriedly singly cheerfully defiantly clumsily "
    "boldly bareheaded barefoot tiptoe deftly idly sullenly proudly meekly briskly drowsily nimbly sternly gladly"
).split()
ADJECTIVES = (
    "rusty crooked damp heavy cheap foreign brittle spotless dusty smoky oily salted cracked ancient frozen tangled "
    "broken scented wooden iron tarred striped hollow bitter narrow gilded bruised sodden stolen mouldy polished "
    "speckled blunt feathered waxed knotted bulky faded chipped warped glossy sticky spiky ragged velvet lopsided"
).split()
FEELS = "hunger pride boredom relief envy doubt mirth shame greed pity awe spite hope dread grief wrath".split()


@dataclass(frozen=True)
class Planted:
    """An error that was planted: the kind of finding that it should give, where, and what was written there."""

    kind: str
    place: Place
    text: str


class Teller:
    """Makes sentences out of lists of words, so many that hardly five words in a row come twice."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._said: set[tuple[str, ...]] = set()

    def paragraph(self, words: int = 200) -> str:
        """Return a paragraph of about so many words."""
        text: list[str] = []
        while sum(map(count_words, text)) < words:
            text.append(self.sentence())
        return " ".join(text)

    def sentence(self) -> str:
        """Return a sentence that shares no five words in a row with an earlier one."""
        while True:
            sentence = self._sentence()
            ones = re.findall(r"[\w']+", sentence.lower())
            grams = {tuple(ones[start : start + 5]) for start in range(len(ones) - 4)}
            if not grams & self._said:
                self._said |= grams
                return sentence

    def _sentence(self) -> str:
        pick = self.random.choice
        name, other = self.random.sample(NAMES, 2)
        thing = f"{pick(ADJECTIVES)} {pick(WHAT)}"
        where, feels = f"{pick(WHERE)} the {pick(PLACE)}", pick(FEELS)
        forms = (
            f"{name} {pick(DID)} {thing} {where}, {pick(HOW)}, and the {pick(WHO)} {pick(DID)} {pick(WHAT)}.",
            f"{where}, {pick(HOW)}, some {pick(WHO)} {pick(DID)} {thing}; {name} {pick(DID)} {pick(WHAT)}.",
            f'"Who {pick(DID)} {pick(WHOSE)} {thing}?" asked {name} {where}, {pick(HOW)} and with {feels}.',
            f"{pick(HOW).capitalize()}, {name} and {other} {pick(DID)} {thing} {where}, {feels} or no {pick(FEELS)}.",
            f"{other} felt {feels} {where}, {pick(DID)} {thing} {pick(HOW)} and {pick(DID)} {pick(WHAT)}.",
            f"Some {pick(WHO)} {pick(DID)} {self.random.randint(2, 999)} {thing} {where} for {name}.",
        )
        said = pick(forms)
        return said[0].upper() + said[1:]


def book(paragraphs: int, seed: int) -> list[list[str]]:
    """Return the paragraphs of each chapter; its facts stand in the first of them, and all agree."""
    teller = Teller(seed)
    size = max(4, paragraphs // CHAPTERS)
    chapters = [[teller.paragraph() for _ in range(size)] for _ in range(paragraphs // size)]
    for number, facts in enumerate(canon_facts()):
        chapters[number % 5][number % size] += f" {facts}"
    return chapters


def canon_facts() -> list[str]:
    """Return what the early chapters say of people and things, true to the end."""
    eyes = [f"{name}'s eyes were green." for name in NAMES[:4]]
    hair = [f"{name} had black hair." for name in NAMES[4:7]]
    kin = [
        "Isolde was Horatio's sister.",
        "Leopold was the father of Katarina.",
        "Marguerite, Ottoline's cousin, sang.",
    ]
    ages = ["Quentin was forty-one years old.", "Rosalind was thirty-six years old."]
    things = [
        "The boat Kittiwake was white.",
        "The sloop Dunlin was red.",
        "Xavier's coat was blue.",
        "Ursula's door was green.",
    ]
    ends = [
        "Valentine died that winter.", "Thaddeus drowned off the bar.", "The Petrel sank in sight of land.",
        "Yolanda's house burned down.",
    ]  # fmt: skip
    return [*eyes, *hair, *kin, *ages, *things, *ends]


CONTRADICTIONS = (
    "Annika's eyes were brown.",
    "Barnaby looked up with a start, and blue-eyed Barnaby was gone.",
    "Cecily had grey eyes.",
    "Dorothea's brown eyes saw all of it.",
    "Edmund's hair was red.",
    "Florian had blond hair.",
    "Gwendolyn's red hair was wet.",
    "Isolde was Horatio's aunt.",
    "Katarina's father, Desmond, poured the tea.",
    "Marguerite was the daughter of Ottoline.",
    "The Kittiwake was black.",
    "The Dunlin was green, of all things.",
    "Xavier's coat was yellow.",
    "Ursula's door was red.",
    "Valentine nodded and opened the window.",
    '"Never mind," said Thaddeus.',
    "Eleanor boarded the Petrel at noon.",
    "Zachary entered Yolanda's house by the yard.",
    "The black boat Kittiwake came about.",
    "Leopold was Katarina's uncle.",
)
FREELY = (
    "She was caught by the brown eyes of Annika.",
    "There was no mistaking the blue of Barnaby's eyes.",
    "Cecily's eyes, grey as slate, narrowed.",
    "Edmund shook the rain out of the red curls on his head.",
    "Isolde, who was aunt to Horatio, laughed.",
    "The Kittiwake showed her black hull to all.",
    "In that yellow coat Xavier could be seen for miles.",
    "Dripping, Thaddeus was the first to answer.",
    "From the deck of the Petrel came singing.",
    "Smoke rose from the chimney of Yolanda's house.",
)
"""Contradictions in free words, by which the rules were widened where a general form could be had."""
UNSEEN = (
    "Nobody who met Annika's brown gaze forgot it.",
    "Barnaby smiled, and his eyes were the blue of cornflowers.",
    "Cecily blinked her grey eyes at the sun.",
    "The wind made a red flag of Edmund's hair.",
    "It was for the blond Florian that they had come.",
    "Horatio kissed his aunt Isolde on the cheek.",
    "Black from stem to stern, the Kittiwake came in.",
    "Thaddeus had the last biscuit.",
    "They slept that night in the cabin of the Petrel.",
    "Yolanda's house was warm, and its windows shone.",
)
"""Likewise, and no rule was made for them: what is missed shows where the rules end."""
TIMES = (
    ("It was Tuesday.", "Three days later it was Sunday."),
    ("It was a Thursday.", "It was Wednesday, and raining."),
    ("It was late April.", "It was the end of February."),
    ("It was autumn.", "It was summer, and the wells ran dry."),
    ("", "Rosalind was thirty-one years old."),
)
DRIFTS = (
    ("Annika", "Anikka"), ("Bartholomew", "Bartolomew"), ("Clementine", "Clemantine"), ("Sebastian", "Sebastián"),
    ("Wilhelmina", "Wilhemina"), ("Katarina", "Katharina"), ("Nathaniel", "Nathanial"), ("Percival", "Percivel"),
    ("Jeremiah", "Jerimiah"), ("Eleanor", "Elaenor"),
)  # fmt: skip


def plant(chapters: list[list[str]], seed: int) -> list[Planted]:
    """Write errors into a book, each into a paragraph of its own, and return them."""
    chance = random.Random(seed)
    size = len(chapters[0])
    late = [(chapter, at) for chapter in range(6, len(chapters)) for at in range(size)]
    spots = chance.sample(late, 45)
    planted: list[Planted] = []

    def put(kind: str, chapter: int, at: int, text: str) -> None:
        chapters[chapter][at] += f" {text}"
        planted.append(Planted(kind, Place(chapter + 1, at + 1), text))

    for chapter, at in spots[:5]:
        copied = chapters[chance.randrange(5)][chance.randrange(size)]
        planted.append(Planted("repeat", Place(chapter + 1, at + 1), copied[:60]))
        chapters[chapter][at] = copied
    for chapter, at in spots[5:20]:
        ones = chapters[chance.randrange(5)][chance.randrange(size)].split(". ")
        plain = max((one for one in ones if '"' not in one), key=len)
        words = plain.rstrip(".").split()[-chance.randint(8, 11) :]
        put("repeat", chapter, at, f"Then {' '.join(words)}.")
    for text, (chapter, at) in zip(CONTRADICTIONS, spots[20:40], strict=True):
        put("canon", chapter, at, text)
    for (before, text), (chapter, at) in zip(TIMES, spots[40:45], strict=True):
        first = max(0, at - 1)
        if before and first == at:
            at += 1
        chapters[chapter][first] += f" {before}" if before else ""
        put("timeline", chapter, at, text)
    free = [spot for spot in late if all(Place(spot[0] + 1, spot[1] + 1) != one.place for one in planted)]
    for name, drifted in DRIFTS:
        chapter, at = chance.choice([spot for spot in free if name in chapters[spot[0]][spot[1]]])
        free.remove((chapter, at))
        chapters[chapter][at] = chapters[chapter][at].replace(name, drifted, 1)
        planted.append(Planted("name", Place(chapter + 1, at + 1), drifted))
    return planted


def freely(chapters: list[list[str]], seed: int, texts: Sequence[str], kind: str) -> list[Planted]:
    """Write contradictions into late chapters of a book, each into a paragraph of its own, and return them."""
    late = [(chapter, at) for chapter in range(6, len(chapters)) for at in range(len(chapters[0]))]
    planted = []
    for text, (chapter, at) in zip(texts, random.Random(f"{seed}{kind}").sample(late, len(texts)), strict=True):
        chapters[chapter][at] += f" {text}"
        planted.append(Planted(f"canon, {kind}", Place(chapter + 1, at + 1), text))
    return planted


def manuscript(chapters: list[list[str]]) -> Manuscript:
    """Return a book as a manuscript."""
    return Manuscript("Planted", tuple(Chapter("", tuple(texts)) for texts in chapters))


def written(paragraphs: int, seed: int) -> list[list[str]]:
    """Return what `offline` writes, in chapters, with the facts that the planted contradictions are against."""
    with tempfile.TemporaryDirectory() as place:
        story = Story.create(
            Path(place) / "story",
            PREMISE.read_text(encoding="utf-8"),
            StoryConfig(llm="offline", seed=seed, select="first"),
        )
        texts = story.write(paragraphs)
    chapters = [texts[first : first + 25] for first in range(0, len(texts), 25)]
    for number, facts in enumerate(canon_facts()):
        chapters[number % 5][number] += f" {facts}"
    return chapters


def spoil(chapters: list[list[str]], seed: int) -> list[Planted]:
    """Write contradictions and repetitions into a text, each into a paragraph of its own, and return them."""
    chance = random.Random(seed)
    late = [(chapter, at) for chapter in range(6, len(chapters)) for at in range(len(chapters[chapter]))]
    spots = chance.sample(late, 40)
    planted = []
    for text, (chapter, at) in zip(CONTRADICTIONS, spots[:20], strict=True):
        planted.append(Planted("canon", Place(chapter + 1, at + 1), text))
    for chapter, at in spots[20:]:
        sentence = max(split_sentences(chapters[chance.randrange(5)][chance.randrange(25)]), key=len)
        planted.append(Planted("repeat", Place(chapter + 1, at + 1), sentence))
    for one in planted:
        assert one.place.paragraph is not None
        chapters[one.place.chapter - 1][one.place.paragraph - 1] += f" {one.text}"
    return planted


def measure_written(paragraphs: int, seed: int) -> list[Row]:
    """Check what `offline` writes with and without planted errors; return a row for each kind."""
    chapters = written(paragraphs, seed)
    clean = manuscript([list(texts) for texts in chapters])
    planted = spoil(chapters, seed)
    spoilt = manuscript(chapters)
    rows = []
    for check_kind, kind in (("repetition", "repeat"), ("canon", "canon")):
        before = check(clean, [check_kind])
        start = time.process_time()
        findings = check(spoilt, [check_kind])
        seconds = time.process_time() - start
        known = {(one.place, one.text) for one in before}
        fresh = [one for one in findings if (one.place, one.text) not in known]
        wanted = [one for one in planted if one.kind == kind]
        missed = [one for one in wanted if not any(_tells(finding, one) for finding in fresh)]
        places = {one.place for one in wanted}
        false = [one for one in fresh if one.place not in places and kind == "canon"]
        told = [[f"{one.place}: {one.text}" for one in ones] for ones in (missed, false, before)]
        rows.append(Row(check_kind, len(wanted), *told, seconds))
    return rows


def _tells(finding: Finding, planted: Planted) -> bool:
    """Whether a finding is of a planted error: in its paragraph, or of most of its words wherever it was said before.

    What is said more than twice is one finding, at the second place.
    """
    return finding.place == planted.place or (
        2 * len(finding.quote) > len(planted.text) > len(finding.quote) > 0 and (finding.quote in planted.text)
    )


KINDS = {"repetition": "repeat", "names": "name", "canon": "canon", "timeline": "timeline"}


@dataclass(frozen=True)
class Row:
    """What one check found of what was planted for it."""

    kind: str
    planted: int
    missed: list[str]
    false: list[str]
    clean: list[str]
    seconds: float


def measure(paragraphs: int, seed: int) -> list[Row]:
    """Check a book with and without the planted errors; return a row for each kind."""
    chapters = book(paragraphs, seed)
    clean = manuscript(chapters)
    planted = plant(chapters, seed)
    rows = [_row(check_kind, check_kind, planted, manuscript(chapters), clean) for check_kind in KINDS]
    for texts, name in ((FREELY, FREELY_SAID), (UNSEEN, UNSEEN_SAID)):
        chapters = book(paragraphs, seed)
        planted = [replace(one, kind="canon") for one in freely(chapters, seed, texts, name)]
        rows.append(_row("canon", f"canon, {name}", planted, manuscript(chapters), clean))
    return rows


def _row(check_kind: str, name: str, planted: list[Planted], spoilt: Manuscript, clean: Manuscript) -> Row:
    start = time.process_time()
    findings = check(spoilt, [check_kind])
    seconds = time.process_time() - start
    mine = [one for one in planted if one.kind == KINDS[check_kind]]
    seen = {finding.place for finding in findings}
    return Row(
        name,
        len(mine),
        [f"{one.place}: {one.text}" for one in mine if one.place not in seen],
        [
            f"{finding.place}: {finding.text}"
            for finding in findings
            if finding.place not in {one.place for one in mine}
        ],
        [f"{finding.place}: {finding.text}" for finding in check(clean, [check_kind])],
        seconds,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=1000, help="paragraphs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--written", action="store_true", help="plant in what offline writes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = (measure_written if options.written else measure)(options.n, options.seed)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], ensure_ascii=False))
        return
    if options.written:
        print(f"{options.n} paragraphs that offline wrote, seed {options.seed}")
    else:
        told = manuscript(book(options.n, options.seed)).paragraphs
        print(f"{len(told)} paragraphs, {sum(count_words(text) for _, text in told):,} words, seed {options.seed}")
    print("check                planted  found  false findings  without the plants  seconds")
    for row in rows:
        found = row.planted - len(row.missed)
        counts = f"{row.planted:7d}{found:7d}{len(row.false):16d}{len(row.clean):20d}"
        print(f"{row.kind:21s}{counts}{row.seconds:9.2f}")
    for row in rows:
        clean = [] if options.written else row.clean
        for what, lines in (("missed", row.missed), ("false", row.false), ("without the plants", clean)):
            for line in lines:
                print(f"{row.kind}, {what}: {line}")


if __name__ == "__main__":
    main()
