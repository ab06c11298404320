"""Names to objects: `openai:gpt-4.1-mini`, `hashing`, `hybrid`. Nothing heavy is imported before it is asked for.

Other packages add names through the entry-point groups `memagent.llms`, `memagent.embedders` and
`memagent.retrievers`: an entry `acme` makes `acme:ARGUMENT` call the object it points to with `"ARGUMENT"` (the empty
string if there is none); a retriever's also gets the store and the embedder.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import logging
import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points
from numbers import Integral
from typing import TYPE_CHECKING, Any

from memagent.errors import UnknownName, UsageProblem

if TYPE_CHECKING:
    from memagent.embedders.base import Embedder
    from memagent.llms.base import LLM
    from memagent.retrievers.base import Retriever
    from memagent.stores.base import GraphStore, TripleStore, VectorStore

DEFAULT_MODEL = "gpt-4.1-mini"
OLLAMA = "http://localhost:11434"

LLM_FORMS = ("openai:MODEL", "openai:MODEL@URL", "ollama:MODEL", "transformers:MODEL", "offline")
EMBEDDER_FORMS = ("hashing", "hashing:DIM", "local", "sentence-transformers:MODEL", "openai:MODEL", "openai:MODEL@URL")
RETRIEVER_FORMS = (
    "hybrid",
    "dense",
    "keyword",
    "recall",
    "conversation",
    "graph",
    "graph:paper",
    "graph:reference",
    "facts",
)
# What must not be taken for a part of a model's name, or texts would go to another server than was meant.
_HOST = re.compile(r"(?:localhost|[\w-]+(?:\.[\w-]+)+|\[[0-9a-fA-F:]+\])(?::\d+)?(?:/.*)?|[\w-]+(?::\d+(?:/.*)?|/.*)")
# How embedders call themselves in the files that were written with them.
_HASHING = re.compile(r"hashing-v\d+-(?P<dim>[1-9]\d*)")
_OPENAI = re.compile(r"openai:(?P<model>[^/@\s]+)(?:/(?P<dim>[1-9]\d*))?")
_log = logging.getLogger("memagent")


def llm(spec: Any = None) -> LLM:
    """Return the language model that `spec` names or is.

    Args:
        spec: one of `LLM_FORMS`, an object with the `LLM` methods, a LangChain chat model, or any callable that takes
            the messages. `None` takes `MEMAGENT_LLM` if it is set, else OpenAI's `DEFAULT_MODEL` if `OPENAI_API_KEY`
            is set, else `offline`, which is announced once.

    Raises:
        UnknownName: no backend has that name.
        UsageProblem: the model's name is missing, or the object is of no known kind.
        KeyMissing: the backend needs an API key.
        ExtraMissing: the optional package is not installed.
        ConfigError: a model of this machine cannot be loaded.
    """
    if spec is None:
        spec = os.environ.get("MEMAGENT_LLM") or _chosen_by_key()
    return _llm_named(spec.strip()) if isinstance(spec, str) else _llm_from(spec)


def embedder(spec: Any = None) -> Embedder:
    """Return the embedder that `spec` names or is.

    Args:
        spec: one of `EMBEDDER_FORMS` (`local` is all-MiniLM-L6-v2 on this machine), an object with the `Embedder`
            methods, or LangChain embeddings. `None` takes `MEMAGENT_EMBEDDER`, else `hashing`.

    Raises:
        UnknownName: no embedder has that name.
        UsageProblem: the model's name is missing, the object is of no known kind, or its name, dim or embed is not as
            it must be.
        ExtraMissing: the optional package is not installed.
        KeyMissing: the backend needs an API key.
    """
    if spec is None:
        spec = os.environ.get("MEMAGENT_EMBEDDER") or "hashing"
    return _embedder_named(spec.strip()) if isinstance(spec, str) else _embedder_from(spec)


def embedder_from_record(name: str) -> Embedder | None:
    """Return the embedder of that `name`, as a file records it; `None` if its name does not say how to make it.

    An embedder behind a URL is never made from a record: a file does not decide which server gets texts and a key.

    Raises:
        ExtraMissing: the optional package is not installed.
        KeyMissing: the backend needs an API key.
        ConfigError: the model cannot be loaded.
    """
    if found := _HASHING.fullmatch(name):
        made = _hashing(found["dim"])
    elif name.startswith("sentence-transformers:"):
        made = _sentence_transformer(name.partition(":")[2])
    elif (found := _OPENAI.fullmatch(name)) and not os.environ.get("OPENAI_BASE_URL"):
        made = _openai_embeddings(found["model"], **({"dim": int(found["dim"])} if found["dim"] else {}))
    else:
        return None
    same: Embedder | None = made if made.name == name else None
    return same


def retriever(
    name: Any,
    store: VectorStore,
    embedder: Embedder,
    *,
    triples: TripleStore | None = None,
    graph: GraphStore | None = None,
) -> Retriever:
    """Return the retriever `name` (one of `RETRIEVER_FORMS`) over `store`; an object that is one stays as it is.

    `triples` and `graph` are what `facts` and the forms of `graph` search besides.

    Raises:
        UnknownName: no retriever has that name.
        UsageProblem: it needs facts or a graph, and was given none.
    """
    if not isinstance(name, str):
        return _retriever_from(name)
    kind, _, argument = name.strip().partition(":")
    makers: dict[str, Callable[[], Any]] = {
        "hybrid": lambda: _new("memagent.retrievers.fusion", "Fusion", [make("dense"), make("keyword")]),
        "dense": lambda: _new("memagent.retrievers.dense", "Dense", store, embedder),
        "keyword": lambda: _new("memagent.retrievers.keyword", "Keyword", store),
        "recall": lambda: _new("memagent.retrievers.recall", "Recall", store, embedder),
        "conversation": lambda: _new("memagent.retrievers.conversation", "Conversation", store, embedder),
    }

    def make(which: str) -> Any:
        return makers[which]()

    if kind in makers and not argument:
        found: Retriever = make(kind)
        return found
    if kind in ("graph", "facts"):
        return _over_facts(name.strip(), store, embedder, triples, graph)
    found = _plugin("retrievers", kind, name, RETRIEVER_FORMS)(argument, store, embedder)
    return found


def _over_facts(
    name: str, store: VectorStore, embedder: Embedder, triples: TripleStore | None, graph: GraphStore | None
) -> Retriever:
    """Return a retriever that goes by facts."""
    if triples is None or graph is None:
        raise UsageProblem(f"{name!r} needs facts, and this has only passages", hint="Use Memory('notes.db').")
    seeds = importlib.import_module("memagent.retrievers.graph_seeds")
    published = importlib.import_module("memagent.retrievers.graph_published")

    def over(graph: GraphStore, settings: Any) -> Any:
        return _new("memagent.retrievers.graph", "Graph", graph, triples, store, embedder, settings)

    def facts() -> Any:
        dense = _new("memagent.retrievers.triple", "FactDense", triples, embedder)
        keyword = _new("memagent.retrievers.triple", "FactKeyword", triples)
        return _new("memagent.retrievers.fusion", "Fusion", [dense, keyword])

    makers: dict[str, Callable[[], Any]] = {
        "facts": facts,
        "graph": lambda: over(graph, seeds.Settings()),
        "graph:paper": lambda: over(graph, seeds.PAPER),
        "graph:reference": lambda: over(published.Published(graph), published.PUBLISHED),
    }
    if name not in makers:
        raise _unknown(name, RETRIEVER_FORMS, {})
    found: Retriever = makers[name]()
    return found


def describe(model: LLM) -> str:
    """Return one line for people: the model's name and what it can do."""
    return f"{model.name} ({', '.join(sorted(model.can)) or 'text only'})"


def _chosen_by_key() -> str:
    if os.environ.get("OPENAI_API_KEY"):
        return f"openai:{DEFAULT_MODEL}"
    _announce_offline()
    return "offline"


@cache
def _announce_offline() -> None:
    _log.warning(
        "No language model was chosen, so the built-in offline one answers: plain text, no knowledge of its own. "
        "Choose one with OPENAI_API_KEY, or MEMAGENT_LLM=openai:%s, or MEMAGENT_LLM=ollama:MODEL.",
        DEFAULT_MODEL,
    )


def _llm_named(spec: str) -> LLM:
    kind, _, argument = spec.partition(":")
    makers: dict[str, Callable[[str], Any]] = {
        "openai": _openai_llm,
        "ollama": _ollama_llm,
        "transformers": _transformers_llm,
        "offline": _offline_llm,
    }
    if kind in makers:
        _check_argument(spec, argument, needed=kind != "offline")
        made: LLM = makers[kind](argument)
        return made
    made = _plugin("llms", kind, spec, LLM_FORMS)(argument)
    return made


def _openai_llm(argument: str) -> Any:
    model, url = _model_and_url(argument)
    return _new("memagent.llms.openai", "OpenAI", model, base_url=url)


def _ollama_llm(argument: str) -> Any:
    return _new("memagent.llms.openai", "OpenAI", argument, base_url=_ollama_url(), name=f"ollama:{argument}")


def _transformers_llm(argument: str) -> Any:
    return _new("memagent.llms.transformers", "Transformers", argument)


def _offline_llm(_argument: str) -> Any:
    return _new("memagent.llms.offline", "Offline")


def _ollama_url() -> str:
    """Return the address of Ollama; `OLLAMA_HOST` is written with or without a scheme and a port."""
    host = os.environ.get("OLLAMA_HOST", "").strip().rstrip("/")
    if not host:
        return f"{OLLAMA}/v1"
    scheme, there, rest = host.rpartition("://")
    address = rest.replace("0.0.0.0", "127.0.0.1")  # where a server listens is not where it is reached
    if not there and not address.rpartition(":")[2].isdigit():
        address += ":11434"
    return f"{scheme or 'http'}://{address}/v1"


def _llm_from(thing: Any) -> LLM:
    base = importlib.import_module("memagent.llms.base")
    if isinstance(thing, base.LLM) and not isinstance(thing, type):
        found: LLM = thing
        return found
    if _is_a(thing, "openai", ("OpenAI", "AsyncOpenAI")):
        raise UsageProblem(
            f"an {type(thing).__name__} client says where to ask, but not which model",
            hint="Use memagent.llms.openai.OpenAI(MODEL, client=client), or async_client= for the asynchronous one.",
        )
    if _is_a(thing, "langchain_core.language_models", ("BaseChatModel",)):
        found = _new("memagent.llms.langchain", "LangChain", thing)
        return found
    if callable(thing) and not isinstance(thing, type):
        found = _new("memagent.llms.function", "Function", thing)
        return found
    raise UsageProblem(
        f"{_kind(thing)} is not a language model",
        hint=f"Give a name ({', '.join(LLM_FORMS)}), an object with complete/acomplete/stream/astream, "
        "a LangChain chat model, or a function of the messages.",
    )


def _embedder_named(spec: str) -> Embedder:
    if spec == "local":
        spec = "sentence-transformers:all-MiniLM-L6-v2"
    kind, colon, argument = spec.partition(":")
    makers: dict[str, Callable[[str], Any]] = {
        "hashing": _hashing,
        "sentence-transformers": _sentence_transformer,
        "openai": _openai_embeddings,
    }
    if kind in makers:
        _check_argument(spec, argument, needed=bool(colon) or kind != "hashing")
        made: Embedder = makers[kind](argument)
        return made
    made = _plugin("embedders", kind, spec, EMBEDDER_FORMS)(argument)
    return made


def _hashing(argument: str) -> Any:
    if argument and not (argument.isdigit() and int(argument)):
        raise UsageProblem(
            f"'hashing:{argument}' does not say how many numbers a vector has", hint="Write hashing:512."
        )
    return _new("memagent.embedders.hashing", "Hashing", **({"dim": int(argument)} if argument else {}))


def _sentence_transformer(argument: str) -> Any:
    return _new("memagent.embedders.sentence_transformers", "SentenceTransformer", argument)


def _openai_embeddings(argument: str, **settings: Any) -> Any:
    model, url = _model_and_url(argument)
    return _new("memagent.embedders.openai", "OpenAIEmbeddings", model, base_url=url, **settings)


def _embedder_from(thing: Any) -> Embedder:
    if not isinstance(thing, type) and all(hasattr(type(thing), name) for name in ("embed_documents", "embed_query")):
        found: Embedder = _new("memagent.embedders.langchain", "LangChainEmbeddings", thing)
        return found
    if not isinstance(thing, type) and hasattr(thing, "embed"):
        _check_embedder(thing)
        found = thing
        return found
    raise UsageProblem(
        f"{_kind(thing)} is not an embedder",
        hint=f"Give a name ({', '.join(EMBEDDER_FORMS)}), an object with name, dim and embed(texts, kind), "
        "or LangChain embeddings.",
    )


def _check_embedder(thing: Any) -> None:
    """Refuse an embedder that lacks something, and say all of what that is."""
    name, dim = getattr(thing, "name", None), getattr(thing, "dim", None)
    wrong = []
    if not isinstance(name, str) or not name.strip():
        wrong.append(f"name must be a str that is not blank, and is {name!r}")
    if not isinstance(dim, Integral) or isinstance(dim, bool) or dim < 1:
        wrong.append(f"dim must be a whole number of at least 1, and is {dim!r}")
    if not _takes_texts(thing.embed):
        wrong.append('embed must be callable as embed(texts, kind="query")')
    if wrong:
        raise UsageProblem(
            f"{_kind(thing)} is not an embedder: {'; '.join(wrong)}",
            hint="See memagent.embedders.base.Embedder; memagent.testing.check_embedder checks the rest.",
        )


def _takes_texts(embed: Any) -> bool:
    if not callable(embed):
        return False
    try:
        inspect.signature(embed).bind(["text"], kind="query")
    except TypeError:
        return False
    except ValueError:  # some built-in callables have no signature
        return True
    return True


def _retriever_from(thing: Any) -> Retriever:
    if hasattr(thing, "retrieve") and not isinstance(thing, type):
        found: Retriever = thing
        return found
    raise UsageProblem(
        f"{_kind(thing)} is not a retriever",
        hint=f"Give a name ({', '.join(RETRIEVER_FORMS)}) or an object with name and retrieve(query, k, scope).",
    )


def _new(module: str, cls: str, /, *args: Any, **kwargs: Any) -> Any:
    return getattr(importlib.import_module(module), cls)(*args, **kwargs)


def _model_and_url(argument: str) -> tuple[str, str | None]:
    """Split `MODEL@URL`. A model's own name may contain an `@`, so the sign counts only before a URL."""
    for scheme in ("http://", "https://"):
        model, sign, rest = argument.partition(f"@{scheme}")
        if sign:
            return model, scheme + rest
    model, sign, host = argument.rpartition("@")
    if sign and _HOST.fullmatch(host):
        raise UsageProblem(
            f"{argument!r} names a server without http:// or https://", hint=f"Write openai:{model}@http://{host}"
        )
    return argument, None


def _check_argument(spec: str, argument: str, *, needed: bool) -> None:
    model = _model_and_url(argument)[0] if spec.startswith("openai:") else argument
    if needed and not model.strip():
        raise UsageProblem(f"{spec!r} names no model", hint=f"Write {spec.partition(':')[0]}:MODEL.")
    if ":" in spec and not needed:
        raise UsageProblem(f"{spec!r} takes nothing after the colon", hint=f"Write {spec.partition(':')[0]}.")


def _plugin(group: str, kind: str, spec: str, forms: tuple[str, ...]) -> Callable[..., Any]:
    found = {entry.name: entry for entry in entry_points(group=f"memagent.{group}")}
    if kind in found:
        maker: Callable[..., Any] = found[kind].load()
        return maker
    raise _unknown(spec, forms, found)


def _unknown(spec: str, forms: tuple[str, ...], plugins: Mapping[str, Any]) -> UnknownName:
    kind, colon, argument = spec.partition(":")
    known = sorted({form.partition(":")[0] for form in forms} | set(plugins))
    near = difflib.get_close_matches(kind.lower(), known, n=1)
    guess = ""
    if near and f"{near[0]}{colon}{argument}" != spec:
        guess = f"Did you mean {near[0]}{colon}{argument}? "
    elif not colon and "openai:MODEL" in forms and _looks_like_a_model(spec):
        guess = f"Did you mean openai:{spec}? "
    listed = ", ".join([*forms, *(f"{name}:..." for name in sorted(plugins))])
    return UnknownName(f"nothing is called {spec!r}", hint=f"{guess}There are: {listed}.")


def _looks_like_a_model(spec: str) -> bool:
    return bool(spec) and " " not in spec and any(mark in spec for mark in "-.0123456789")


def _is_a(thing: Any, package: str, names: tuple[str, ...]) -> bool:
    """Say whether a class of that name and package is among the classes of `thing`, without importing the package."""
    return any(
        base.__name__ in names and f"{base.__module__}.".startswith(f"{package}.") for base in type(thing).__mro__
    )


def _kind(thing: Any) -> str:
    return f"the class {thing.__name__}" if isinstance(thing, type) else f"a {type(thing).__name__}"
