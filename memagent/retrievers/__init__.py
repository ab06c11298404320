"""FIND: words in, hits out. A retriever reads stores and embeds queries; it never calls a language model."""
