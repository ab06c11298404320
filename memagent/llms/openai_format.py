"""Requests and replies in the form of OpenAI's chat completions: pure functions, no network."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from memagent.errors import Refused
from memagent.llms.abilities import lacking
from memagent.llms.base import Ability
from memagent.llms.openai_tokens import Aligner
from memagent.llms.prices import Price
from memagent.types import (
    Completion,
    FinishReason,
    Message,
    Request,
    Token,
    Tool,
    ToolCall,
    Usage,
    estimate_prompt,
    estimate_tokens,
)

OPTIONAL = frozenset({"temperature", "seed", "response_format", "stream_options"})
LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_FINISHED: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "filter",
}
_STRICT_KEYWORDS = frozenset(
    "type properties required additionalProperties items anyOf enum const description title $ref $defs $schema pattern "
    "format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems".split()
)
_REASONING = re.compile(r"^(o\d|gpt-[5-9])(?!.*chat)")
_NO_LOGPROBS = re.compile(r"^(o\d|gpt-5(-|$))(?!.*chat)")


def abilities_of(model: str, official: bool, has_tokenizer: bool) -> frozenset[Ability]:
    """What a model can as far as its name tells; a server that refuses it is asked for it no more."""
    can: set[Ability] = {"logprobs", "stop", "schema", "seed", "tools"}
    if official and _REASONING.match(model):
        can.discard("stop")
    if official and _NO_LOGPROBS.match(model):
        can.discard("logprobs")
    return frozenset(can | {"logit_bias"} if has_tokenizer else can)


@dataclass
class Dialect:
    """What one server has been found to understand. Grows with its refusals, so that each is met only once.

    Attributes:
        model: the model's name on the server.
        official: it is OpenAI's own server.
        limit: how it calls the largest number of generated tokens.
        dropped: optional parameters that it has refused.
        token_ids: from token text to the model's token ids; needed for `logit_bias`.
    """

    model: str
    official: bool = False
    limit: str = "max_tokens"
    dropped: frozenset[str] = frozenset()
    token_ids: Callable[[str], list[int]] | None = None
    _first_limit: str = field(init=False)

    def __post_init__(self) -> None:
        self._first_limit = self.limit

    def learn(self, refused: str) -> bool:
        """Take note of a refused parameter; return whether the request can be sent again in another form."""
        if refused in LIMITS:
            if self.limit == self._first_limit:
                self.limit = LIMITS[refused]
            return self.limit != refused
        if refused in OPTIONAL:
            self.dropped |= {refused}
        return refused in OPTIONAL


def arguments(request: Request, dialect: Dialect, *, stream: bool = False) -> dict[str, Any]:
    """Return the arguments of the chat-completions call for `request`, in the server's dialect."""
    asked: dict[str, Any] = {
        dialect.limit: request.max_tokens,
        "temperature": request.temperature,
        "stop": list(request.stop) or None,
        "seed": request.seed,
        "logprobs": request.logprobs or None,
        "logit_bias": _bias(request.logit_bias, dialect) or None,
        "response_format": _response_format(request.schema, dialect) if request.schema else None,
        "tools": [_tool(tool) for tool in request.tools] or None,
        "stream": stream or None,
        "stream_options": {"include_usage": True} if stream else None,
    }
    sent = {name: value for name, value in asked.items() if value is not None and name not in dialect.dropped}
    return {"model": dialect.model, "messages": [_message(message) for message in request.messages], **sent}


def _message(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        said["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
    return {**said, "tool_call_id": message.answers} if message.role == "tool" else said


def _tool(tool: Tool) -> dict[str, Any]:
    described = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": described}


def _bias(wanted: Mapping[str, float], dialect: Dialect) -> dict[str, float]:
    if not wanted or dialect.token_ids is None:
        return {}
    return {str(number): bias for text, bias in wanted.items() for number in dialect.token_ids(text)}


def _response_format(schema: Mapping[str, Any], dialect: Dialect) -> dict[str, Any] | None:
    if dialect.official and schema.get("type") != "object":
        return None  # OpenAI takes objects only; the prompt describes the format as well
    name = re.sub(r"\W+", "_", str(schema.get("title", "reply")))[:64].strip("_") or "reply"
    described = {"name": name, "schema": dict(schema), "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": described}


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Say whether a JSON schema is within what strict mode takes: closed objects, all keys required, few keywords."""
    return schema.get("type") == "object" and "anyOf" not in schema and _is_strict_part(schema)


def _is_strict_part(schema: Any) -> bool:
    if not isinstance(schema, Mapping) or not set(schema) <= _STRICT_KEYWORDS:
        return False
    properties = schema.get("properties", {})
    if schema.get("type") == "object" or properties:
        closed = schema.get("additionalProperties") is False
        if not closed or set(schema.get("required", ())) != set(properties):
            return False
    inner = [*properties.values(), *schema.get("anyOf", ()), *schema.get("$defs", {}).values()]
    if "items" in schema:
        inner.append(schema["items"])
    return all(_is_strict_part(part) for part in inner)


class Assembly:
    """A reply as it is put together from one whole response, or from the chunks of a stream.

    `finished` says that the server gave a reason for ending.
    """

    def __init__(self, request: Request, name: str, price: Price | None) -> None:
        self.text = ""
        self.finished = False
        self.request, self._name, self._price = request, name, price
        self._aligner = Aligner()
        self._tokens: list[Token] = []
        self._reason: str | None = None
        self._refusal = ""
        self._usage: Mapping[str, Any] | None = None
        self._model = ""
        self._calls: dict[int, list[list[str]]] = {}  # by the index that the server gives: id, name, arguments
        self._said_something = False
        self._problem = "no choices"

    def add(self, part: Mapping[str, Any]) -> list[Token]:
        """Take a response or a chunk as a mapping and return the tokens that it settled."""
        self._usage = part.get("usage") or self._usage
        self._model = part.get("model") or self._model
        choices = part.get("choices")
        if not choices:
            self._problem = _said(part.get("error")) or self._problem
            return []
        choice = choices[0]
        message = choice.get("delta") or choice.get("message") or {}
        self._problem = "no text"
        self._refusal += message.get("refusal") or ""
        self._reason = choice.get("finish_reason") or self._reason
        self.finished = self._reason is not None
        content = message.get("content")
        self._said_something |= isinstance(content, str | list)
        self._took_calls(message.get("tool_calls") or [])
        return self._took(_text(content), (choice.get("logprobs") or {}).get("content") or [])

    def rest(self) -> list[Token]:
        """Return the tokens that were held back to the end. Raises `CapabilityError` if they cannot be told."""
        if not self.request.logprobs:
            return []
        tokens = self._aligner.finish()
        if tokens is None or (self.text and all(token.logprob is None for token in [*self._tokens, *tokens])):
            raise lacking(self._name, "logprobs", "the server sent none for this reply")
        self._tokens += tokens
        return tokens

    def completion(self) -> Completion:
        """Return the whole reply; call it after `rest`. Raises `Refused` if there is nothing that could be one."""
        reason = "filter" if self._refusal else _FINISHED.get(self._reason or "", "unknown")
        calls = tuple(ToolCall(*call) for _, same in sorted(self._calls.items()) for call in same)
        reason = "stop" if calls and reason == "unknown" else reason
        if (
            not self._said_something and not calls and reason not in ("filter", "length")
        ):  # a limit may come before the first word
            raise Refused(f"{self._name} answered with {self._problem}", hint="Ask again, or try another model.")
        text = self.text or self._refusal
        tokens = tuple(self._tokens) if self.text else ()
        usage = usage_from(self._usage, self.request, text, self._price)
        return Completion(text, tokens, reason, usage, self._model or self._name, calls)

    def _took_calls(self, parts: list[Mapping[str, Any]]) -> None:
        """Put calls together, of which a stream sends the name first and the arguments piece by piece."""
        for place, part in enumerate(parts):
            number, function = part.get("index"), part.get("function") or {}
            id, name = part.get("id") or "", function.get("name") or ""
            call = self._call_of(place if number is None else number, id, begins=bool(name))
            call[0] = call[0] or id
            call[1] += name
            call[2] += function.get("arguments") or ""

    def _call_of(self, number: int, id: str, *, begins: bool) -> list[str]:
        """The call that a piece belongs to: by its index, and by its id where a server gives all calls one index.

        A name under a new id begins a new call; without a name it goes on with the last, since there are servers that
        make up an id for every piece.
        """
        same = self._calls.setdefault(number, [])
        known = next((call for call in same if id and call[0] == id), None)
        if known is not None:
            return known
        if not same or (id and begins and same[-1][0]):
            same.append(["", "", ""])
        return same[-1]

    def _took(self, text: str, entries: list[Mapping[str, Any]]) -> list[Token]:
        self.text += text
        if not self.request.logprobs:
            return [Token(text)] if text else []
        tokens = self._aligner.push(text, entries)
        self._tokens += tokens
        return tokens


def usage_from(reported: Mapping[str, Any] | None, request: Request, text: str, price: Price | None) -> Usage:
    """Return what one call cost. Counts that the server did not report are estimated and marked so."""
    counts = reported or {}
    read, written = counts.get("prompt_tokens"), counts.get("completion_tokens")
    estimated = read is None or written is None
    if estimated:
        read = estimate_prompt(request)
        written = estimate_tokens(text)
    cached = (counts.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    cost = price.cost(int(read or 0), int(written or 0), int(cached)) if price else None
    return Usage(1, int(read or 0), int(written or 0), cost, estimated)


def _text(content: Any) -> str:
    """Return the text of a message. Some servers send a list of parts, thoughts among them, which are left out."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if part.get("type") == "text")
    return content if isinstance(content, str) else ""


def _said(error: Any) -> str:
    if isinstance(error, Mapping):
        return f"an error: {error.get('message') or error}"
    return f"an error: {error}" if error else ""
