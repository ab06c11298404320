"""Faces of a memory for other people's frameworks. Each is imported when it is asked for, and no sooner.

Of a handle: `memory.as_vectorstore()`, `as_retriever()` and `as_chat_history()` for LangChain, `as_langgraph_store()`
for LangGraph, `as_openai_tools()` for OpenAI's interfaces, `as_agents_session()` for the Agents SDK. For agents that
serve many users: `middleware.MemagentMiddleware` and `langchain_tools.memory_tools`. For any client of the Model
Context Protocol: `mcp_server`, or `memagent mcp`. And a language model of ours for LangChain: `chat_model`.
"""
