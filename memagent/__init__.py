"""Retrieval-augmented memory for language-model products.

Stores keep, retrievers find, methods decide, the controller answers their steps with your model, and the trace has it
all on record. Names are loaded when they are first used, so that importing this costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memagent.budget import Budget
    from memagent.chat.chat import Chat
    from memagent.controller import Controller, Result
    from memagent.errors import MemagentError
    from memagent.flow import RunDone, StepDone, TokenReceived
    from memagent.memory.memory import Memory
    from memagent.methods.arm_rag import solve
    from memagent.methods.arm_rag_learning import learn
    from memagent.methods.citations import cited, verified
    from memagent.methods.flare import flare
    from memagent.methods.flare_instruct import flare_instruct
    from memagent.methods.hipporag import hipporag, ircot
    from memagent.methods.memllm import memllm
    from memagent.methods.memllm_walk import walk
    from memagent.methods.memllm_write import Written, memllm_write
    from memagent.methods.plain import plain
    from memagent.methods.rat import rat
    from memagent.methods.recite import recite
    from memagent.methods.rerank import reranked
    from memagent.steps import Flow, forget, gather, generate, read_triples, remember, retrieve, write_triples
    from memagent.story.book import Story
    from memagent.trace import Trace
    from memagent.triples import Learnt, Limits, Query, Reading
    from memagent.types import (
        Answer,
        Completion,
        Fact,
        Hit,
        Message,
        Note,
        Part,
        Passage,
        Rationale,
        Receipt,
        Request,
        Scope,
        Triple,
        Usage,
    )

__version__ = "0.1.0"

_HOME = {
    "Answer": "types",
    "Budget": "budget",
    "Chat": "chat.chat",
    "Completion": "types",
    "Controller": "controller",
    "Fact": "types",
    "Flow": "steps",
    "Hit": "types",
    "Learnt": "triples",
    "Limits": "triples",
    "MemagentError": "errors",
    "Memory": "memory.memory",
    "Message": "types",
    "Note": "types",
    "Part": "types",
    "Passage": "types",
    "Query": "triples",
    "Rationale": "types",
    "Reading": "triples",
    "Receipt": "types",
    "Request": "types",
    "Result": "controller",
    "RunDone": "flow",
    "Scope": "types",
    "StepDone": "flow",
    "Story": "story.book",
    "TokenReceived": "flow",
    "Trace": "trace",
    "Triple": "types",
    "Usage": "types",
    "Written": "methods.memllm_write",
    "cited": "methods.citations",
    "flare": "methods.flare",
    "flare_instruct": "methods.flare_instruct",
    "forget": "steps",
    "gather": "steps",
    "generate": "steps",
    "hipporag": "methods.hipporag",
    "ircot": "methods.hipporag",
    "learn": "methods.arm_rag_learning",
    "memllm": "methods.memllm",
    "memllm_write": "methods.memllm_write",
    "plain": "methods.plain",
    "rat": "methods.rat",
    "read_triples": "steps",
    "recite": "methods.recite",
    "remember": "steps",
    "reranked": "methods.rerank",
    "retrieve": "steps",
    "solve": "methods.arm_rag",
    "verified": "methods.citations",
    "walk": "methods.memllm_walk",
    "write_triples": "steps",
}

__all__ = [
    "Answer",
    "Budget",
    "Chat",
    "Completion",
    "Controller",
    "Fact",
    "Flow",
    "Hit",
    "Learnt",
    "Limits",
    "MemagentError",
    "Memory",
    "Message",
    "Note",
    "Part",
    "Passage",
    "Query",
    "Rationale",
    "Reading",
    "Receipt",
    "Request",
    "Result",
    "RunDone",
    "Scope",
    "StepDone",
    "Story",
    "TokenReceived",
    "Trace",
    "Triple",
    "Usage",
    "Written",
    "cited",
    "flare",
    "flare_instruct",
    "forget",
    "gather",
    "generate",
    "hipporag",
    "ircot",
    "learn",
    "memllm",
    "memllm_write",
    "plain",
    "rat",
    "read_triples",
    "recite",
    "remember",
    "reranked",
    "retrieve",
    "solve",
    "verified",
    "walk",
    "write_triples",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'memagent' has no attribute {name!r}")
    value = getattr(import_module(f"memagent.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
