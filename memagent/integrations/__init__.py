"""Faces of a memory for other people's frameworks. Each is imported when it is asked for, and no sooner.

`memory.as_vectorstore()` is a LangChain vector store, `memory.as_langgraph_store()` a LangGraph store.
"""
