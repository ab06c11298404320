"""What tests of products on memagent need: fakes without a network, and checks that a backend keeps its contract.

- `scripted`: `ScriptedLLM` answers from a list and records what it was asked.
- `server`: `FakeOpenAIServer` is a real HTTP server on this machine that speaks the OpenAI interface.
- `conformance`: `check_llm`, `check_embedder`, `check_retriever`; for stores, in modules of their own, `check_store`,
  `check_triple_store`, `check_graph_store`, `check_rationale_store`; give these `reopen=`, or what survives a crash is
  not checked. Each gives a `Report`.
- `injections`: `ATTEMPTS`, memories that try to be instructions, turns, tools or delimiters, and `structure`, what none
  of them may change about a prompt; import it by its name.
- `network`: `no_network` makes every connection to another machine an error.
"""

from __future__ import annotations

from memagent.testing.conformance import check_embedder, check_llm, check_retriever
from memagent.testing.conformance_facts import check_triple_store
from memagent.testing.conformance_graph import check_graph_store
from memagent.testing.conformance_rationales import check_rationale_store
from memagent.testing.conformance_store import check_store
from memagent.testing.network import NetworkUsed, no_network
from memagent.testing.report import Report
from memagent.testing.scripted import OutOfReplies, ScriptedLLM
from memagent.testing.server import FakeOpenAIServer, Fault, Received

__all__ = [
    "FakeOpenAIServer",
    "Fault",
    "NetworkUsed",
    "OutOfReplies",
    "Received",
    "Report",
    "ScriptedLLM",
    "check_embedder",
    "check_graph_store",
    "check_llm",
    "check_rationale_store",
    "check_retriever",
    "check_store",
    "check_triple_store",
    "no_network",
]
