"""Text to unit vectors. `base` holds the contract; every other file is one embedder."""
