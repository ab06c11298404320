"""KEEP: what stays when the process ends. `base` holds the contracts, every other file one implementation."""
