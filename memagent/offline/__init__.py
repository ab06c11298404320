"""What the backend `offline` reads and writes with: no weights, no random numbers, nothing but the prompt it is shown.

A story lives in its memory's own sentences: `memory` reads them into a `world` and writes them back. `premise` and
`opening` begin one; `plan` writes and reads plans; `scene` tells a paragraph with the templates of the `.toml` files,
filled by `grammar`; `threads` are its open questions. `reader` and `spans` answer from passages, `ngram` says how
likely a token is, `prompt` finds out what is asked.
"""
