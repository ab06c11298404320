"""What of a story its lorebook is looked through for: the texts that the next prompt is about, and when that is.

For the next paragraph: its plan, the newest paragraphs (`lore_paragraphs` of story.toml), the short memory. For the
opening: the premise, and the outline of the first chapter. For a revision: the wish, the paragraph and its neighbours,
as things stood there. For an outline: the premise, the outline so far, the short memory.

The history is the log's: each written paragraph says who fired for it, so that what was taken back is forgotten, and a
run that goes on fires as one that was never stopped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from memagent.methods.recurrent_revise import Passage
from memagent.story import outline as outlines
from memagent.story.book import Story
from memagent.story.lore import Firing, Lorebook, Moment
from memagent.story.lore_files import lorebook
from memagent.story.lore_match import Text
from memagent.story.manuscript import Place
from memagent.story.outline import Standing


@dataclass(slots=True)
class Watch:
    """A lorebook at one moment of a story. Called with the plan, it returns what the prompt shows of it.

    Attributes:
        texts: returns what is looked through, for a plan.
        last: what came of the last call.
    """

    book: Lorebook
    moment: Moment
    texts: Callable[[str], Sequence[Text]]
    budget: int
    depth: int
    last: Firing = field(default_factory=Firing)

    def __call__(self, plan: str) -> str:
        """Look, and return the text for the prompt; empty where nothing fires."""
        self.last = self.book.fire(self.texts(plan), self.moment, budget=self.budget, depth=self.depth)
        return self.last.text


def for_next(story: Story, where: Standing) -> Watch:
    """Return the watch for the next paragraph, or for the opening. Raises `StoryError` for a file that is not right."""
    record, count = story.record, len(story.record.paragraphs)
    moment = Moment(count + 1, next_place(story, where), history(story, count + 1))
    if story.state is None:
        texts = _opening(story, where)
        return _watch(story, moment, lambda plan: texts)
    first = max(0, count - story.config.lore_paragraphs)
    newest = [Text(f"¶{number}", record.paragraphs[number - 1]) for number in range(count, first, -1)]
    memory = Text("the short memory", story.state.memory)
    return _watch(story, moment, lambda plan: [Text("the plan", plan), *newest, memory])


def next_place(story: Story, where: Standing) -> Place:
    """Return the place of the next paragraph."""
    record, count = story.record, len(story.record.paragraphs)
    before = record.chapters[-1].first - 1 if record.chapters and not where.begins else count
    return Place(where.chapter, count - before + 1)


def for_passage(story: Story, passage: Passage, wish: str) -> Watch:
    """Return the watch for the revision of a paragraph."""
    number = passage.number
    chapter = story.record.chapter_of(number)
    place = Place(chapter, number - story.record.chapters[chapter - 1].first + 1)
    texts = [
        Text("the wish", wish),
        Text(f"¶{number}", passage.text),
        Text(f"¶{number - 1}", passage.previous),
        Text(f"¶{number + 1}", passage.following),
    ]
    return _watch(story, Moment(number, place, history(story, number)), lambda plan: texts)


def for_outline(story: Story, first: int) -> Watch:
    """Return the watch for planning chapters from `first` on."""
    count = len(story.record.paragraphs)
    memory = story.state.memory if story.state else ""
    texts = [
        Text("the premise", story.premise),
        Text("the outline", outlines.text_of(story.outline)),
        Text("the short memory", memory),
    ]
    return _watch(story, Moment(count + 1, Place(first), history(story, count + 1)), lambda plan: texts)


def for_text(story: Story, text: str, place: Place) -> Watch:
    """Return the watch for any text at a place, as if nothing had fired before and the story were long enough."""
    long_enough = 10**9
    return _watch(story, Moment(long_enough, place), lambda plan: [Text("the text", text)])


def history(story: Story, number: int) -> dict[str, list[int]]:
    """Return for which paragraphs before `number` each entry fired, by its file's name."""
    found: dict[str, list[int]] = defaultdict(list)
    for one, stems in sorted(story.record.lore.items()):
        if one < number:
            for stem in stems:
                found[stem].append(one)
    return found


def _watch(story: Story, moment: Moment, texts: Callable[[str], Sequence[Text]]) -> Watch:
    config = story.config
    return Watch(lorebook(story.folder), moment, texts, config.lore_budget, config.lore_depth)


def _opening(story: Story, where: Standing) -> list[Text]:
    guide = outlines.guide(where, story.outline)
    return [Text("the premise", story.premise), Text("the outline", guide)]
