"""A chatbot as a LangChain runnable: `prompt | chat.as_runnable() | parser`.

    chain = chat.as_runnable()
    chain.invoke("Which city am I in?", {"configurable": {"user_id": "alice", "session_id": "web-42"}})

Who speaks, and in which conversation, is taken from `config["configurable"]` alone. What the input says of it is text
like any other: no message can reach another user's memory.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing
from copy import copy
from typing import Any, TypeAlias, TypeVar, cast

from langchain_core.callbacks import AsyncCallbackManagerForChainRun, CallbackManagerForChainRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import ConfigurableFieldSpec, Runnable, RunnableConfig

from memagent.chat.chat import Chat
from memagent.chat.conversation import Conversation
from memagent.chat.events import Done, Retry, Text, Told
from memagent.chat.reply import Reply
from memagent.errors import BackendError, ScopeRequired, UsageProblem
from memagent.integrations.reported import reported
from memagent.integrations.whose import Keys, whose

Input: TypeAlias = "str | BaseMessage | list[BaseMessage] | PromptValue | Mapping[str, Any]"
T = TypeVar("T")
KEYS = ("message", "input", "question")
"""Under one of these a mapping has what is said."""


class ChatRunnable(Runnable[Any, AIMessage]):
    """Answers as a chatbot does: `invoke`, `ainvoke`, `stream`, `astream`, `batch`, `abatch`.

    Takes a text, a message, messages, the value of a prompt, or a mapping with `message`, `input` or `question`. Of
    several messages the last is what is said, and has to be a person's; those before it are not shown to the model,
    because what was said before is in the memory. The answer is an `AIMessage`: what it cost is in `usage_metadata`,
    and what it came from in `response_metadata["memagent"]`. A call that breaks off while it is streamed is not made
    again, because a chunk cannot be taken back. All chunks together have the id of the answer's turn. Callbacks and
    counters of tokens hear of each call of the model, whatever model it is.

    Args:
        conversation: returns the conversation that a config means.
        keys: what the config calls user and session.

    Raises:
        UsageProblem: nothing is said, or system messages come in: the prompt of a chatbot is its own.
        ScopeRequired: the config names no user, and the chatbot has none.
    """

    def __init__(self, conversation: Callable[[RunnableConfig], Conversation], keys: Keys) -> None:
        self._conversation = conversation
        self._keys = keys

    @classmethod
    def of(cls, chat: Chat, keys: Keys) -> ChatRunnable:
        """Return a chatbot as a runnable that is told by its config with whom it talks."""
        told = copy(chat)
        told.llm = reported(chat.llm)

        def meant(config: RunnableConfig) -> Conversation:
            try:
                scope = whose(chat.memory, keys, None, config, session=True).scope
            except ScopeRequired:
                hint = f'Give config={{"configurable": {{"{keys.user}": "alice", "{keys.session}": "web-42"}}}}.'
                raise ScopeRequired("with whom is this conversation? The config names no user", hint=hint) from None
            return told.bind(user=scope.user, session=scope.session)

        return cls(meant, keys)

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        """The two fields of the config that say who speaks, and in which conversation."""
        return [
            ConfigurableFieldSpec(id=self._keys.user, annotation=str, description="whose memory is meant"),
            ConfigurableFieldSpec(id=self._keys.session, annotation=str, description="which conversation"),
        ]

    def invoke(self, input: Input, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """Say something, and return the answer."""

        def answer(given: Any, run_manager: CallbackManagerForChainRun, config: RunnableConfig) -> AIMessage:
            return as_message(self._conversation(config).send(said_in(given)))

        return self._call_with_config(answer, input, config, **kwargs)

    async def ainvoke(self, input: Input, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """Say something, and return the answer, without blocking the event loop."""

        async def answer(given: Any, run_manager: AsyncCallbackManagerForChainRun, config: RunnableConfig) -> AIMessage:
            return as_message(await self._conversation(config).asend(said_in(given)))

        return await self._acall_with_config(answer, input, config, **kwargs)

    def stream(self, input: Input, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[AIMessage]:
        """Say something, and yield the answer in chunks."""
        yield from self.transform(iter([input]), config, **kwargs)

    async def astream(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[AIMessage]:
        """Say something, and yield the answer in chunks, without blocking the event loop."""

        async def alone() -> AsyncIterator[Input]:
            yield input

        async with _closing(self.atransform(alone(), config, **kwargs)) as chunks:
            async for chunk in chunks:
                yield chunk

    def transform(
        self, input: Iterator[Input], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[AIMessage]:
        """Take what is said as it comes, and yield the answer in chunks."""

        def chunks(
            given: Iterator[Any], run_manager: CallbackManagerForChainRun, config: RunnableConfig
        ) -> Iterator[AIMessage]:
            for event in self._conversation(config).stream(said_in(_joined(list(given)))):
                if (chunk := as_chunk(event, _chunk_id(run_manager))) is not None:
                    yield chunk

        yield from self._transform_stream_with_config(input, chunks, config, **kwargs)

    async def atransform(
        self, input: AsyncIterator[Input], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[AIMessage]:
        """Take what is said as it comes, and yield the answer in chunks, without blocking the event loop."""

        async def chunks(
            given: AsyncIterator[Any], run_manager: AsyncCallbackManagerForChainRun, config: RunnableConfig
        ) -> AsyncIterator[AIMessage]:
            said = said_in(_joined([piece async for piece in given]))
            async with _closing(self._conversation(config).astream(said)) as events:
                async for event in events:
                    if (chunk := as_chunk(event, _chunk_id(run_manager))) is not None:
                        yield chunk

        whole = self._atransform_stream_with_config(input, chunks, config, **kwargs)
        async with _closing(whole) as pieces:
            async for chunk in pieces:
                yield chunk


def _closing(pieces: AsyncIterator[T]) -> aclosing[AsyncGenerator[T, None]]:
    """Close what is iterated over together with who iterates, and not some time later: the turn ends there and then."""
    return aclosing(cast("AsyncGenerator[T, None]", pieces))


def as_message(reply: Reply) -> AIMessage:
    """Return a reply as a message of LangChain."""
    return AIMessage(str(reply), id=reply.id, usage_metadata=_usage(reply), response_metadata=_metadata(reply))


def _chunk_id(run: CallbackManagerForChainRun | AsyncCallbackManagerForChainRun) -> str:
    """The id of chunks before it is known what they will be: LangChain puts a real one in its place, when it comes."""
    return f"lc_run--{run.run_id}"


def as_chunk(event: Told, id: str | None = None) -> AIMessageChunk | None:
    """Return the chunk that an event is; the last one is empty and carries what the whole answer came from, and its id.

    Args:
        event: of the conversation.
        id: of the chunks before the last.

    Raises:
        BackendError: what was streamed is taken back.
    """
    if isinstance(event, Text):
        return AIMessageChunk(content=event.text, id=id)
    if isinstance(event, Retry):
        raise BackendError(f"the answer broke off: {event.why}", hint="Conversation.stream can take chunks back.")
    if not isinstance(event, Done):
        return None
    reply = event.reply
    return AIMessageChunk(content="", id=reply.id, usage_metadata=_usage(reply), response_metadata=_metadata(reply))


def said_in(given: Input) -> str:
    """Return what a person says in an input.

    Raises:
        UsageProblem: it is none of what a runnable takes, or the last message is not a person's.
    """
    if isinstance(given, str):
        return given
    if isinstance(given, Mapping):
        return said_in(next((given[key] for key in KEYS if key in given), None))  # type: ignore[arg-type]
    messages = given.to_messages() if isinstance(given, PromptValue) else given
    several = [messages] if isinstance(messages, BaseMessage) else messages
    if not isinstance(several, list) or not several or not isinstance(several[-1], HumanMessage):
        raise UsageProblem(
            f"there is nothing that a person says in {str(given)[:80]!r}",
            hint=f"Give a text, messages of which the last is a HumanMessage, or a dict with one of {', '.join(KEYS)}.",
        )
    if any(isinstance(message, SystemMessage) for message in several):
        raise UsageProblem("a chatbot has a prompt of its own", hint="Give the system prompt to Chat(system=...).")
    return str(several[-1].text)


def _joined(pieces: list[Any]) -> Any:
    """What comes in pieces as one: texts are put together, of anything else there is one."""
    if pieces and all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    return pieces[0] if len(pieces) == 1 else pieces


def _usage(reply: Reply) -> UsageMetadata:
    usage = reply.usage
    return UsageMetadata(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, total_tokens=usage.tokens)


def _metadata(reply: Reply) -> dict[str, Any]:
    return {"memagent": dict(reply.as_json())}
