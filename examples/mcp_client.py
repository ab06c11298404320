"""One user's memory served by `memagent mcp` to a client of the Model Context Protocol. No model, no key, no network.

pip install "memagent[mcp]"

Clients that start servers themselves take the same command:
    {"mcpServers": {"memory": {"command": "memagent", "args": ["mcp", "memory.db", "--user", "alice", "--new"]}}}

`--new` makes the file if it is not there; without it a path that is mistyped is refused.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mcp import Client, StdioServerParameters


async def main(file: Path) -> None:
    """List the tools, and work the memory with some of them."""
    command = ["-m", "memagent", "mcp", str(file), "--user", "alice", "--new"]
    server = StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ))
    async with Client(server) as client:
        print(", ".join(tool.name for tool in (await client.list_tools()).tools))

        async def call(name: str, **arguments: Any) -> Any:
            result = await client.call_tool(name, arguments)
            print(f"{name}: {result.content[0].text[:100]}")
            return json.loads(result.content[0].text)

        saved = await call("save_memory", text="Alice moved to Lisbon.")
        await call("search_memory", query="Where is Lisbon?")
        first = await call("forget_memory", ids=[saved["id"]])  # shows what would be hidden
        await call("forget_memory", ids=[saved["id"]], confirm=first["confirm"])
        await call("search_memory", query="Lisbon", user="bob")  # there is no such argument


with TemporaryDirectory() as folder:
    asyncio.run(main(Path(folder) / "memory.db"))
