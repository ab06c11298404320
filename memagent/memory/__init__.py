"""REMEMBER: the four stores of one file as one memory, each user apart from every other."""

from memagent.memory.memory import Memory

__all__ = ["Memory"]
