"""The gate of the memory: what of said text may become a fact, and why the rest may not.

`turns.lines` says whose each line of a text is, `clauses.of_line` which sentences of it tell something, `unfit.unfit`
why one does not, and `decision.why_not` whether a sentence says a triple. All are pure functions of texts: they open
no file of a user and ask no model.
"""
