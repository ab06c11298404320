"""A memory as a LangGraph store and as a LangChain retriever. No model, no key, no network.

pip install "memagent[langgraph]"
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from memagent import Memory

with TemporaryDirectory() as folder:
    path = Path(folder) / "agent.db"

    with Memory(path) as memory:
        store = memory.bind(user="alice").as_langgraph_store()
        store.put(("profile",), "drink", {"text": "Alice drinks green tea, never coffee."}, index=["text"])
        store.put(("profile",), "home", {"text": "Alice lives near the lighthouse."}, index=["text"])
        store.put(("drafts",), "1", {"text": "Not yet for anybody's eyes."}, index=False)

    with Memory(path) as memory:  # another day, another process
        alice = memory.bind(user="alice")
        store = alice.as_langgraph_store()  # graph.compile(store=store), create_agent(..., store=store)
        for item in store.search(("profile",), query="What does she drink?", limit=1):
            print(f"{'/'.join(item.namespace)}/{item.key}: {item.value['text']}")

        documents = alice.as_vectorstore()
        documents.add_texts(["The ferry to the lighthouse leaves at nine."], [{"source": "ferry.md"}])
        retriever = documents.as_retriever(search_kwargs={"k": 2})
        for document in retriever.invoke("How do I get to the lighthouse?"):
            print(f"{document.metadata.get('source')}: {document.page_content}")
