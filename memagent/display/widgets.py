"""Panels in which a click reaches Python: a threshold to move, a plan to choose, a revision to take back.

Everything they do can be done in code, and what they show is a view: a page without widgets, such as an exported one,
has it as HTML. Needs ipywidgets, which `pip install "memagent[notebook]"` brings.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from memagent.controller import Controller
from memagent.display import lines, rat
from memagent.display.markup import tag, tinted
from memagent.display.story import of_states
from memagent.display.view import View, view
from memagent.errors import ExtraMissing, MemagentError, UsageProblem
from memagent.methods.recurrent import Settings, State, choose, step
from memagent.methods.redeciding import Redecided, redecided
from memagent.methods.taking_back import accept, refused, reject
from memagent.story import writing
from memagent.story.book import Story
from memagent.types import Answer

try:
    import ipywidgets
except ImportError as error:
    raise ExtraMissing("panels need ipywidgets", hint='pip install "memagent[notebook]"') from error


class Panel:
    """Controls above a view, which follows them. `widget` is the whole of it."""

    def __init__(self) -> None:
        self.page = ipywidgets.HTML()
        self.notice = ipywidgets.HTML()
        self.widget: Any = None

    @property
    def view(self) -> View:
        """What the panel shows now."""
        raise NotImplementedError

    def _show(self) -> None:
        self.page.value = self.view._repr_mimebundle_()["text/html"]

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        whole = {**self.widget._repr_mimebundle_(), **self.view._repr_mimebundle_()}
        wanted = whole.keys() if include is None else include
        return {kind: told for kind, told in whole.items() if kind in wanted and kind not in (exclude or ())}

    def _clicked(self, act: Callable[[], object]) -> Callable[[Any], None]:
        """A click that does something; an error of ours is told in the panel, since nobody else would hear it."""

        def click(_: Any) -> None:
            self.notice.value = ""
            try:
                act()
            except MemagentError as error:
                hint = f" {error.hint}" if error.hint else ""
                self.notice.value = tag("div", tinted(lines.cut(f"{error.message}{hint}", 600), "low"))

        return click


class ThresholdPanel(Panel):
    """Two sliders that decide again what FLARE would have looked up; no call is made.

    Args:
        value: an answer with recorded probabilities, or the result of its run.
        theta: where the threshold begins, in [0, 1].
        beta: where the limit for queries begins, in [0, 1].

    Raises:
        UsageProblem: as `redecided`.
    """

    def __init__(self, value: Any, *, theta: float = 0.8, beta: float = 0.4) -> None:
        super().__init__()
        self._value = value
        self.again: Redecided = redecided(value, theta=theta, beta=beta)
        options = {"min": 0.0, "max": 1.0, "step": 0.01, "continuous_update": True}
        self.theta = ipywidgets.FloatSlider(value=theta, description="theta", **options)
        self.beta = ipywidgets.FloatSlider(value=beta, description="beta", **options)
        self.widget = ipywidgets.VBox([self.theta, self.beta, self.page])
        for slider in (self.theta, self.beta):
            slider.observe(self._moved, names="value")
        self._show()

    @property
    def view(self) -> View:
        """The decisions at the thresholds that are set."""
        return view(self.again)

    def _moved(self, _: Any) -> None:
        self.again = redecided(self._value, theta=self.theta.value, beta=self.beta.value)
        self._show()


class RevisionPanel(Panel):
    """A button for each revision of RAT, which takes it back or takes it again; `answer` is what comes of it.

    Args:
        answer: an answer of `rat`; it is not changed.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._original = answer
        self.answer = answer
        self.turned: set[int] = set()
        self.buttons: dict[int, Any] = {}
        for number, part in enumerate(answer.parts, 1):
            if part.decision == "revised" or refused(part) is not None:
                button = self.buttons[number] = ipywidgets.Button(layout=ipywidgets.Layout(width="auto"))
                button.on_click(self._clicked(partial(self.turn, number)))
        self.widget = ipywidgets.VBox([ipywidgets.HBox([*self.buttons.values()]), self.notice, self.page])
        self._name()
        self._show()

    @property
    def view(self) -> View:
        """The answer with the revisions that are taken; once one was turned, the others are folded to a line."""
        return rat.view_of(self.answer, open=self.turned)

    def turn(self, number: int) -> Answer:
        """Take the revision of a step back, or take it where it is not; return the answer.

        Raises:
            UsageProblem: the step has none, or it cannot be told from the steps before it.
        """
        turned = self.turned ^ {number}
        revised = [one for one in sorted(turned) if self._revised(one)]
        others = [one for one in sorted(turned) if not self._revised(one)]
        self.answer = accept(reject(self._original, *revised), *others)
        self.turned = turned
        self._name()
        self._show()
        return self.answer

    def _revised(self, number: int) -> bool:
        parts = self._original.parts
        return number <= len(parts) and parts[number - 1].decision == "revised"

    def _name(self) -> None:
        for number, button in self.buttons.items():
            taken = self._revised(number) != (number in self.turned)
            button.description = f"{'reject' if taken else 'accept'} {number}"


class StoryPanel(Panel):
    """Three plans as buttons, a plan of one's own, and the short memory to edit: each writes the next paragraph.

    Args:
        story: a story in a folder, whose lock is held while it is written; or a state, or the states that a story
            went through, oldest first, whose memory is that of the controller.
        controller: who writes. Its memory is exchanged for the story's while a story in a folder is written.
        settings: how a state is told; a story in a folder has its own.
    """

    def __init__(
        self,
        story: Story | State | Sequence[State],
        controller: Controller,
        *,
        settings: Settings = Settings(),  # noqa: B008
    ) -> None:
        super().__init__()
        self.story = story if isinstance(story, Story) else None
        self.states: list[State] = []
        if not isinstance(story, Story):
            self.states = [story] if isinstance(story, State) else list(story)
        self.controller = controller
        self.settings = settings
        wide = ipywidgets.Layout(width="98%")
        self.memory = ipywidgets.Textarea(description="memory", layout=ipywidgets.Layout(width="98%", height="7em"))
        self.own = ipywidgets.Text(description="or", placeholder="what happens next, in your words", layout=wide)
        self.write_own = ipywidgets.Button(description="write this")
        self.write_own.on_click(self._clicked(lambda: self.pick(self.own.value)))
        self.begin = ipywidgets.Button(description="begin")
        self.begin.on_click(self._clicked(self._begun))
        self.plans: list[Any] = []
        self._controls = ipywidgets.VBox()
        self.widget = ipywidgets.VBox([self.page, self._controls, self.notice])
        self._show()

    @property
    def state(self) -> State | None:
        """Where the story stands."""
        return self.states[-1] if self.story is None else self.story.state

    @property
    def view(self) -> View:
        """The story so far, with the plans for the next paragraph."""
        return of_states(self.states, self.settings.memory_words) if self.story is None else view(self.story)

    def pick(self, choice: int | str) -> State:
        """Write the next paragraph from a plan, by its number from 1 or in words, and the memory as it was edited.

        Raises:
            UsageProblem: there is no such plan, the plan or the memory is empty, or the story has not begun.
            MemagentError: what the controller raises; the story is then as it was, edits of plan and memory included
                where it is in a folder.
        """
        state = self.state
        if state is None:
            raise UsageProblem("the story has not begun", hint="Click begin, or write its opening with story.write().")
        if not self.memory.value.strip():
            raise UsageProblem("the short memory is empty", hint="Write what the next paragraph has to know.")
        return self._busy(lambda: self._next(state, choice))

    def _next(self, state: State, choice: int | str) -> None:
        memory = self.memory.value.strip()
        if self.story is None:
            edited = replace(state, memory=memory)
            chosen = self.controller.run(choose(edited, select=lambda _: choice, settings=self.settings)).value
            self.states.append(self.controller.run(step(chosen, settings=self.settings)).value)
            return
        with self.story.editing():
            if memory != state.memory.strip():
                self.story.edit_memory(memory)
            self.story.pick(choice)
            self._write(self.story, 1)

    def _begun(self) -> None:
        if self.story is not None:
            story = self.story

            def opening() -> None:
                with story.editing():
                    self._write(story, 1)

            self._busy(opening)

    def _write(self, story: Story, more: int) -> None:
        before, self.controller.memory = self.controller.memory, story.memory
        try:
            writing.write(story, self.controller, len(story.record.paragraphs) + more, select="first")
        finally:
            self.controller.memory = before

    def _busy(self, work: Callable[[], None]) -> State:
        """Do some work while nothing can be clicked, then show what came of it."""
        clickable = [*self.plans, self.write_own, self.begin]
        for button in clickable:
            button.disabled = True
        try:
            work()
        finally:
            for button in clickable:
                button.disabled = False
            super()._show()  # what a person has typed stays, where it came to nothing
        self._show()
        state = self.state
        if state is None:
            raise UsageProblem("the story has not begun", hint="Write its opening with story.write().")
        self.own.value = ""
        return state

    def _show(self) -> None:
        super()._show()
        state = self.state
        if state is None:
            self._controls.children = (self.begin,)
            return
        self.memory.value = state.memory
        self.plans = []
        for number, plan in enumerate(state.plans, 1):
            wide = ipywidgets.Layout(width="98%")
            button = ipywidgets.Button(description=f"{number}. {lines.line(plan, 110)}", tooltip=plan, layout=wide)
            button.on_click(self._clicked(partial(self.pick, number)))
            self.plans.append(button)
        self._controls.children = (*self.plans, self.own, self.write_own, self.memory)
