"""`story.toml`: how a story is written. Safe to edit and to share; it never holds keys."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from memagent import files
from memagent.errors import StorySettingsError
from memagent.methods.recurrent import Settings

_ABOUT = {
    "llm": "which model writes, such as openai:gpt-5-mini; empty lets the environment decide",
    "embedder": "how paragraphs are compared for recall; fixed once the story has begun",
    "select": "who chooses the next plan in automatic runs: first, model or simulator",
    "language": "the language to write in",
    "genre": "a word or two",
    "seed": "the same seed gives the same hints, and the same story from a model that is repeatable",
    "sentences": "about how many sentences a paragraph has",
    "chapter_words": "about how many words a chapter has; 0: no chapters, or 2500 where outline.md has some",
    "chapters": "how many chapters the story is to have; 0: any number, or those of outline.md where it has some",
    "memory_sentences": "limit of the short memory, in sentences",
    "memory_words": "limit of the short memory, in words",
    "recall": "how many earlier paragraphs a plan calls to mind",
    "recall_by": "how they come to mind: plan, by its meaning, as RecurrentGPT does; story, by rare words too",
    "lore_budget": "about how many tokens of a prompt the entries of lore/ may take; 0: any number",
    "lore_paragraphs": "how many of the newest paragraphs are looked through for lore, beside plan and short memory",
    "lore_depth": "how often lore that was called up is looked through for more of it",
    "canon_budget": "about how many tokens of a prompt the facts that were told may take; 0: it shows none",
    "continuity": "what facts are read by: rules (English, free) or model (any language, one more call a paragraph)",
    "continuity_check": "a paragraph that contradicts what was told: auto (you are asked where you are asked for "
    "plans, else it is told), ask, stop (it is put aside), retry (once more, then as auto), tell, or off",
    "avoid": "how many phrases that were used too often lately the prompt asks to leave alone",
    "reply_tokens": "the most tokens that one reply may have; 0: far more than is usual for what is asked",
    "new_character": "the chance, from 0 to 1, that a paragraph may bring in a new character",
}
_CHOICES = {
    "select": ("first", "model", "simulator"),
    "recall_by": ("plan", "story"),
    "continuity": ("rules", "model"),
    "continuity_check": ("auto", "ask", "stop", "retry", "tell", "off"),
}


@dataclass(frozen=True, slots=True)
class StoryConfig:
    """What `story.toml` holds."""

    llm: str = ""
    embedder: str = "hashing"
    select: str = "model"
    language: str = "English"
    genre: str = "any"
    seed: int = 0
    sentences: int = 20
    chapter_words: int = 0
    chapters: int = 0
    memory_sentences: int = 20
    memory_words: int = 500
    recall: int = 2
    recall_by: str = "story"
    lore_budget: int = 1000
    lore_paragraphs: int = 2
    lore_depth: int = 2
    canon_budget: int = 300
    continuity: str = "rules"
    continuity_check: str = "auto"
    avoid: int = 8
    reply_tokens: int = 0
    new_character: float = 0.1

    @property
    def settings(self) -> Settings:
        """The part of it that the method needs."""
        return Settings(
            language=self.language,
            genre=self.genre,
            sentences=self.sentences,
            memory_sentences=self.memory_sentences,
            memory_words=self.memory_words,
            k=self.recall,
            new_character=self.new_character,
            seed=self.seed,
        )

    def save(self, path: Path) -> None:
        """Write the file, each setting with a line that explains it."""
        lines = [
            f"# {_ABOUT[name]}\n{name} = {json.dumps(value, ensure_ascii=False)}"
            for name, value in asdict(self).items()
        ]
        files.replace(path, "\n\n".join(lines) + "\n")

    @classmethod
    def load(cls, path: Path) -> StoryConfig:
        """Read the file. Raises `StorySettingsError` that names the setting which is not right."""
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise StorySettingsError(
                f"{str(path)!r} is missing", hint="Make an empty file to have all defaults."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise StorySettingsError(f"{str(path)!r} cannot be read: {error}", hint="Mend that line.") from error
        known = {field.name: field.default for field in fields(cls)}
        for name, value in data.items():
            _check(path, name, value, known)
        return cls(**data)


def _check(path: Path, name: str, value: Any, known: dict[str, Any]) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise StorySettingsError(
            f"{str(path)!r} has an unknown setting {name!r}",
            hint=f"Did you mean {near[0]!r}?" if near else f"Settings: {', '.join(known)}.",
        )
    default = known[name]
    number = isinstance(default, (int, float)) and isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = number and (isinstance(default, float) or isinstance(value, int)) and value >= 0
    if not fits and not (isinstance(default, str) and isinstance(value, str)):
        whole = "a whole number" if isinstance(default, int) else "a number"
        kind = "a text in quotes" if isinstance(default, str) else f"{whole}, not below zero"
        raise StorySettingsError(f"{name} = {value!r} in {str(path)!r} is not right", hint=f"It must be {kind}.")
    if name in _CHOICES and value not in _CHOICES[name]:
        *others, last = _CHOICES[name]
        raise StorySettingsError(
            f"{name} = {value!r} in {str(path)!r} is not known", hint=f"Use {', '.join(others)} or {last}."
        )
    least_one = ("sentences", "memory_sentences", "memory_words", "recall")
    if (name in least_one and value < 1) or (name == "new_character" and value > 1):
        raise StorySettingsError(f"{name} = {value!r} in {str(path)!r} is out of range", hint=_ABOUT[name] + ".")
