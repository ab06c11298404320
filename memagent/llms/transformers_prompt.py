"""From the messages of a request to what a model reads: by its chat template, or as one plain text without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memagent.errors import Refused
from memagent.types import Message, Request

_UNSEEN = "\u200b"  # zero-width space
_MARK = "\ue000"  # a character of private use, which no template strips


def prompt_ids(request: Request, tokenizer: Any, name: str) -> list[int]:
    """Return the token ids of the prompt, the prefill at its end.

    With a chat template: each message is a turn and the prefill begins the assistant's; where a template knows no
    system turn, the system message is put before the first turn of the user. Without one (a base model): the contents
    of the messages with an empty line between them, the prefill right behind the last, and no names of roles.

    A control token that is spelt out in a message, such as `<|im_end|>`, is kept from becoming one by an invisible
    character behind its first: a text that was remembered cannot end its turn and begin another.

    Raises:
        Refused: the template does not take these messages, or they are empty.
    """
    controls = control_texts(tokenizer)
    messages = [Message(message.role, _harmless(message.content, controls)) for message in request.messages]
    prefill = _harmless(request.prefill, controls)
    chat = bool(getattr(tokenizer, "chat_template", None))
    text = _chat(messages, prefill, tokenizer, name) if chat else plain(messages, prefill)
    ids: list[int] = tokenizer(text, add_special_tokens=not chat, verbose=False)["input_ids"]
    while ids and ids[-1] == tokenizer.eos_token_id and not chat:  # some tokenizers end every text
        ids.pop()
    start = [tokenizer.bos_token_id, tokenizer.eos_token_id]
    if ids or start != [None, None]:
        return ids or [next(number for number in start if number is not None)]
    raise Refused(f"{name} got an empty prompt, and has no token to begin with", hint="Ask it something.")


def plain(messages: Sequence[Message], prefill: str) -> str:
    """Return the prompt of a model without a chat template."""
    return "\n\n".join(message.content for message in messages) + prefill


def control_texts(tokenizer: Any) -> tuple[str, ...]:
    """Return the texts of the tokenizer's control tokens, the longest first."""
    added = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
    return tuple(sorted({*tokenizer.all_special_tokens, *added}, key=lambda text: (-len(text), text)))


def _harmless(text: str, controls: Sequence[str]) -> str:
    for control in controls:
        if len(control) > 1:
            text = text.replace(control, control[0] + _UNSEEN + control[1:])
    return text


def _chat(messages: Sequence[Message], prefill: str, tokenizer: Any, name: str) -> str:
    from jinja2 import TemplateError

    try:
        return _rendered(messages, prefill, tokenizer)
    except TemplateError as error:
        merged = _without_system(messages)
        if merged == list(messages):
            raise _refusal(name, error) from error
    try:
        return _rendered(merged, prefill, tokenizer)
    except TemplateError as error:
        raise _refusal(name, error) from error


def _rendered(messages: Sequence[Message], prefill: str, tokenizer: Any) -> str:
    """Return the prompt with the assistant's turn begun.

    The prefill is put between two marks, and the text ends with it. The library's own `continue_final_message` loses
    blanks that a template strips, and in some versions takes a prefill such as `end` for a part of the end mark.
    """
    turns = [{"role": message.role, "content": message.content} for message in messages]
    if prefill:
        begun = f"{_MARK}{prefill}{_MARK}"
        text = tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": begun}], tokenize=False)
        before, found, _ = text.rpartition(begun)
        if found:
            return f"{before}{prefill}"
    asked: str = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    return asked + prefill  # also for a template that takes the prefill apart, as some do with thoughts


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with what the system says at the beginning of the user's first."""
    system = [message.content for message in messages if message.role == "system"]
    others = [message for message in messages if message.role != "system"]
    if not others or others[0].role != "user":
        return [Message("user", "\n\n".join(system)), *others] if system else others
    return [Message("user", "\n\n".join([*system, others[0].content])), *others[1:]]


def _refusal(name: str, error: Exception) -> Refused:
    return Refused(f"the chat template of {name} does not take these messages: {error}", hint="Change their roles.")
