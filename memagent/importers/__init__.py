"""Conversations and memories from other programs: ChatGPT, LangChain, mem0, and plain JSON lines.

from memagent.importers import import_from
import_from("chatgpt", "conversations.json", memory.bind(user="alice"))
"""

from memagent.importers.found import Found, Skipped
from memagent.importers.reading import FORMATS, read
from memagent.importers.taking import Imported, check_one_user, import_from

__all__ = ["FORMATS", "Found", "Imported", "Skipped", "check_one_user", "import_from", "read"]
