"""What a story will use, before it is written, and what each part of it has used. A guess says that it is one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memagent.llms.prices import price
from memagent.methods.recurrent_reply import OPENING_PARAGRAPHS
from memagent.sentences import count_words
from memagent.story.around import around
from memagent.story.book import Story
from memagent.story.config import StoryConfig
from memagent.story.log import Event
from memagent.story.lore_files import readable
from memagent.story.manuscript import Place
from memagent.story.outline import USUAL, Standing
from memagent.story.record import usage_from
from memagent.story.spending import FACTS, PLANS, SENTENCE, TOKENS, memory_words
from memagent.story.tokens import about
from memagent.types import Usage

_PROMPT = 420  # tokens of the instructions of one step
_CHOICE = 500  # tokens beside the memory and two paragraphs when a plan is chosen
_CHOSEN = 60  # tokens of the choice
_READ = 900  # tokens beside the paragraph when its facts are read
_FORM = 60  # tokens of a reply beside what it says
_FULL = 20  # paragraphs: then the short memory is full; it begins half full
_ENOUGH, _NEWEST = 3, 10  # steps that are reckoned with
_GUESSED, _MEASURED = 0.5, 0.25  # by which it may be otherwise
_NAMES = {
    "written": "paragraphs",
    "held": "paragraphs",
    "draft": "drafts",
    "revised": "revisions",
    "failed": "failed steps",
    "plans": "plans",
    "planned": "outlines",
    "read": "reading",
    "extracted": "facts",
    "checked": "checks",
}
_NO_CHAPTER = ("planned", "read", "checked")
"""What is of no chapter, but of the story."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What so many paragraphs are likely to use; `cost` in dollars, `None` where the price is not known.

    It is likely to be between `low` and `high`; a model that thinks before it writes may take more.
    """

    paragraphs: int
    words: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What the newest steps have used that wrote one paragraph each which is still in the story.

    What they asked in vain, and all that is no paragraph (openings too, which are three in one), is not in it.
    """

    paragraphs: int
    words: int
    usage: Usage


def measured(story: Story) -> Measured:
    """Return what the newest paragraphs of a story have used; not those that were held back first, paid for by then."""
    steps = [one for one in story.record.done if one["type"] == "written" and len(one["written"]) == 1]
    newest = [one for one in steps if _of_use(one).calls][-_NEWEST:]
    words = sum(count_words(text) for one in newest for text in one["written"])
    return Measured(len(newest), words, sum((_of_use(one) for one in newest), Usage()))


def estimate(
    config: StoryConfig,
    paragraphs: int,
    *,
    model: str = "",
    so_far: Measured | None = None,
    have: int = 0,
    beside: int | None = None,
) -> Estimate:
    """Return what `paragraphs` more are likely to use.

    From what the newest have used where that is known of three at least, else from the settings: 17 words a sentence,
    1.35 tokens a word, a short memory that grows, and `beside` tokens of lore, canon, style and notes in each prompt
    (see `beside`); by default what the canon may take. `have` is how many paragraphs there are.
    """
    words, off = config.sentences * SENTENCE * paragraphs, _GUESSED
    if so_far is not None and so_far.paragraphs >= _ENOUGH:
        share, off = paragraphs / so_far.paragraphs, _MEASURED
        words = round(so_far.words * share)
        read, written = so_far.usage.input_tokens * share, so_far.usage.output_tokens * share
    else:
        read, written = _guess(config, paragraphs, have, config.canon_budget if beside is None else beside)
    cost = cost_of(model or config.llm, round(read), round(written))
    low, high = (None, None) if cost is None else (cost * (1 - off), cost * (1 + off))
    return Estimate(paragraphs, words, round(read), round(written), cost, low, high)


def _guess(config: StoryConfig, paragraphs: int, have: int, beside: int) -> tuple[float, float]:
    """Tokens of input and output by the settings: of the opening where there is none, and of the steps behind it."""
    text, full = TOKENS * config.sentences * SENTENCE, TOKENS * memory_words(config)
    read = written = 0.0
    if not have:
        read, written = _PROMPT + beside, OPENING_PARAGRAPHS * text + full / 2 + PLANS + _FORM
        have, paragraphs = OPENING_PARAGRAPHS, max(0, paragraphs - OPENING_PARAGRAPHS)
    memory = full * (1 + min(1.0, (have + paragraphs / 2) / _FULL)) / 2
    each = _PROMPT + memory + text * (1 + config.recall) + beside
    reply = text + memory + PLANS + _FORM
    if config.select != "first":
        each, reply = each + memory + 2 * text + _CHOICE, reply + _CHOSEN
    if config.continuity == "model":
        each, reply = each + text + _READ, reply + FACTS
    return read + paragraphs * each, written + paragraphs * reply


def beside(story: Story) -> int:
    """Return about how many tokens each prompt of a story has beside memory and paragraphs, at most.

    Style, note and the place in the outline as they are; of the lorebook, entries that are always shown and as many of
    the others as its budget allows; of the canon, what its budget allows.
    """
    where = story.standing
    entries = [one for one in readable(story.folder)[0].entries if one.enabled]
    lore = sum(about(one.text_at(Place(where.chapter))) for one in entries)
    budget = story.config.lore_budget
    return about(_files(story, where)) + (min(lore, budget) if budget else lore) + story.config.canon_budget


def for_run(story: Story, until: int | str, model: str) -> Estimate | None:
    """Return what a run to a place is likely to use, see `writing.Target`; `None` where nothing is left to write."""
    record, so_far = story.record, measured(story)
    words = story.config.sentences * SENTENCE
    if so_far.paragraphs >= _ENOUGH:
        words = max(1, so_far.words // so_far.paragraphs)
    count = len(record.paragraphs)
    have = sum(map(count_words, record.paragraphs))
    if isinstance(until, int):
        more = until - count
    elif until.startswith("words:"):
        more = -(-(int(until.partition(":")[2]) - have) // words)
    else:
        last = story.standing.total if until == "end" else int(until.partition(":")[2])
        usual = story.config.chapter_words or USUAL
        asked = [one.words or usual for one in story.outline[:last]]
        asked += [usual] * (last - len(asked))
        more = -(-(sum(asked) - have) // words)
    if more < 1:
        return None
    return estimate(story.config, more, model=model, so_far=so_far, have=count, beside=beside(story))


def _files(story: Story, where: Standing) -> str:
    shown = around(story, where)
    return "\n".join([shown.style, shown.outline, shown.note])


def by_chapter(story: Story) -> dict[str, Usage]:
    """Return what was used for each chapter, `ch.1` ..., what was taken back and failed included.

    Before the first is `ch.0`; what is for no chapter comes behind them: checks, outlines, reading.
    """
    used: dict[int, Usage] = defaultdict(Usage)
    others: dict[str, Usage] = defaultdict(Usage)
    count = len(story.record.paragraphs)
    for one in _paid(story):
        kind = one.get("of", "failed") if one["type"] == "failed" else one["type"]
        if kind in _NO_CHAPTER:
            others[_NAMES[kind]] += usage_from(one["usage"])
        else:
            used[story.record.chapter_of(min(one.get("number", count), count))] += usage_from(one["usage"])
    return {f"ch.{number}": usage for number, usage in sorted(used.items())} | dict(others)


def by_model(story: Story) -> Mapping[str, Usage]:
    """Return what each model has used; "" for steps of which the log does not say."""
    used: dict[str, Usage] = defaultdict(Usage)
    for one in _paid(story):
        used[str(one.get("llm", ""))] += usage_from(one["usage"])
    return dict(sorted(used.items()))


def by_kind(story: Story) -> Mapping[str, Usage]:
    """Return what paragraphs, drafts and revisions ... have used, and what came to nothing: failed steps."""
    used: dict[str, Usage] = defaultdict(Usage)
    for one in _paid(story):
        used[_NAMES.get(one["type"], str(one["type"]))] += _of_use(one)
        if "lost" in one and one["type"] != "failed":
            used[_NAMES["failed"]] += usage_from(one["lost"])
    return dict(used)


def newest_model(story: Story) -> str:
    """Return who wrote last; the model of the settings where nobody has."""
    return next((one["llm"] for one in reversed(story.record.done) if one["type"] == "written"), story.config.llm)


def _paid(story: Story) -> list[Event]:
    return [one for one in story.log.events if "usage" in one]


def _of_use(one: Event) -> Usage:
    """What a step has used, less what of it came to nothing; a step that failed came to nothing as a whole."""
    whole = usage_from(one["usage"])
    if "lost" not in one or one["type"] == "failed":
        return whole
    lost = usage_from(one["lost"])
    cost = None if whole.cost is None or lost.cost is None else max(0.0, whole.cost - lost.cost)
    read, written = whole.input_tokens - lost.input_tokens, whole.output_tokens - lost.output_tokens
    return Usage(whole.calls - lost.calls, read, written, cost, whole.estimated)


def embedding_cost(embedder: str, texts: Sequence[str]) -> float | None:
    """Return what it is likely to cost, in dollars, to embed texts once; `None` where the price is not known."""
    kind, _, name = embedder.partition(":")
    if kind in ("hashing", "local"):
        return 0.0
    known = price(name.partition("@")[0])
    return known.cost(sum(map(about, texts))) if known else None


def cost_of(model: str, read: int, written: int) -> float | None:
    """Return what so many tokens cost, in dollars; `None` where no model is named, or its price is not known."""
    if model.partition(":")[0] in ("offline", "ollama", "transformers"):
        return 0.0
    name = model.partition(":")[2].partition("@")[0] or model
    known = price(name) if name else None
    return known.cost(read, written) if known else None
