"""What a person is asked about a paragraph that contradicts what was told, before it is accepted."""

from __future__ import annotations

import signal

import click

from memagent.cli.console import harmless, say, styled, wrapped
from memagent.cli.story_menu import edited_paragraph
from memagent.story.book import Story
from memagent.story.finding import Finding
from memagent.story.holding import Decision, Held, judged

_CHOICES = "k keep it   r write it again   e edit it   q stop, it waits"
_ANSWERS = {"k": "keep", "r": "again", "q": "stop"}


def asked(story: Story, held: Held) -> Decision:
    """Say what a paragraph contradicts and ask until somebody has decided. An edited text is looked at again.

    Ctrl-C stops at once, whatever it does while a paragraph is being written.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _asked(story, held)
    finally:
        signal.signal(signal.SIGINT, before)


def _asked(story: Story, held: Held) -> Decision:
    text, findings = held.text, held.findings
    while True:
        _tell(held, findings)
        say(_CHOICES)
        answer = click.prompt("What becomes of it", err=True).strip()
        if answer in _ANSWERS:
            return Decision(_ANSWERS[answer], text if answer == "k" and text != held.text else "")
        if answer == "e":
            text = edited_paragraph(text)
            if text != held.text and not (findings := judged(story, text, held.place)):
                say("That contradicts nothing; it is taken.")
                return Decision("keep", text)
        else:
            say(f"{harmless(answer)!r} is not one of the choices")


def _tell(held: Held, findings: tuple[Finding, ...]) -> None:
    say(f"{held.place} is not accepted yet:")
    for finding in findings:
        say(wrapped(f"  {styled('contradicts', fg='red')}  {finding.text}", indent="    "))
