"""Language models. The contract is in `base.py`; each backend is one file with the same four calls in the same order.

- `openai`: OpenAI and every server that speaks its chat completions (Ollama, vLLM, llama.cpp, LM Studio).
- `langchain`: any LangChain chat model.
- `function`: any callable.
- `offline`: a small reader and writer without weights, for a machine with no key.
- `cached`: a cache around any of them.
"""
