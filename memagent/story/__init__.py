"""A long story as a folder on disk.

Plain text for people, an append-only log as the truth, a memory to rebuild from it.
"""
