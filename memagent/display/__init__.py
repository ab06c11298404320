"""What a result looks like in a notebook: `text/plain`, and `text/html` without script, address or style sheet.

Each kind of value has a file here with a function that turns it into a `View`. A value whose class is a `Shown` finds
its view by itself when it ends a cell; `view(value)` gives it to code, and `show` displays what is no such value, such
as a list of hits.
"""

from __future__ import annotations

from memagent.display.view import View, bundle, show, view

__all__ = ["View", "bundle", "show", "view"]
