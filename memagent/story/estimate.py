"""What a story will use, before it is written, and what each part of it has used. A guess says that it is one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memagent.llms.prices import price
from memagent.sentences import count_words
from memagent.story.around import around
from memagent.story.book import Story
from memagent.story.config import StoryConfig
from memagent.story.lore_files import readable
from memagent.story.manuscript import Place
from memagent.story.outline import USUAL, Standing
from memagent.story.record import usage_from
from memagent.story.tokens import about
from memagent.types import Usage

_SENTENCE = 17  # words
_TOKENS = 1.35  # a word
_PROMPT = 420  # tokens of the instructions of one step
_PLANS = 3 * 60  # tokens of three plans
_CHOICE = 500  # tokens beside the memory and two paragraphs when a plan is chosen
_READ = 900  # tokens beside the paragraph when its facts are read
_FACTS = 300  # tokens of what was read
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


@dataclass(frozen=True, slots=True)
class Estimate:
    """What so many paragraphs are likely to use; `cost` in dollars, `None` where the price is not known."""

    paragraphs: int
    words: int
    input_tokens: int
    output_tokens: int
    cost: float | None


def estimate(
    config: StoryConfig,
    paragraphs: int,
    *,
    model: str = "",
    so_far: Usage | None = None,
    have: int = 0,
    beside: int | None = None,
) -> Estimate:
    """Return what `paragraphs` more are likely to use.

    From what `have` paragraphs have used so far where there are at least five, else from the settings: 17 words a
    sentence, 1.35 tokens a word, and `beside` tokens of lore, canon, style and notes in each prompt (see `beside`); by
    default what the canon may take.
    """
    words = config.sentences * _SENTENCE
    if so_far is not None and have >= 5:
        read, written = so_far.input_tokens / have * paragraphs, so_far.output_tokens / have * paragraphs
    else:
        memory = min(config.memory_words, config.memory_sentences * _SENTENCE)
        shown = _TOKENS * (memory + words * (1 + config.recall)) + (config.canon_budget if beside is None else beside)
        chosen = _TOKENS * (memory + 2 * words) + _CHOICE if config.select != "first" else 0
        read = paragraphs * (_PROMPT + shown + chosen)
        written = paragraphs * (_TOKENS * (words + memory) + _PLANS + (60 if chosen else 0))
        if config.continuity == "model":
            read, written = read + paragraphs * (_TOKENS * words + _READ), written + paragraphs * _FACTS
    cost = cost_of(model or config.llm, round(read), round(written))
    return Estimate(paragraphs, paragraphs * words, round(read), round(written), cost)


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
    record, words = story.record, story.config.sentences * _SENTENCE
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
    return estimate(story.config, more, model=model, so_far=record.usage, have=count, beside=beside(story))


def _files(story: Story, where: Standing) -> str:
    shown = around(story, where)
    return "\n".join([shown.style, shown.outline, shown.note])


def by_chapter(story: Story) -> dict[int, Usage]:
    """Return what was used for each chapter, what was taken back and failed included; 0 is before the first."""
    used: dict[int, Usage] = defaultdict(Usage)
    for one in story.log.events:
        if "usage" in one:
            number = one.get("number", len(story.record.paragraphs))
            used[story.record.chapter_of(min(number, len(story.record.paragraphs)))] += usage_from(one["usage"])
    return dict(sorted(used.items()))


def by_model(story: Story) -> Mapping[str, Usage]:
    """Return what each model has used; "" for steps of which the log does not say."""
    used: dict[str, Usage] = defaultdict(Usage)
    for one in story.log.events:
        if "usage" in one:
            used[str(one.get("llm", ""))] += usage_from(one["usage"])
    return dict(sorted(used.items()))


def by_kind(story: Story) -> Mapping[str, Usage]:
    """Return what paragraphs, drafts and revisions, and failed steps have used."""
    used: dict[str, Usage] = defaultdict(Usage)
    for one in story.log.events:
        if "usage" in one:
            used[_NAMES.get(one["type"], str(one["type"]))] += usage_from(one["usage"])
    return dict(used)


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
