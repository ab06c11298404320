"""`memagent graph`: the graph of facts and passages that `--using graph` searches."""

from __future__ import annotations

from pathlib import Path

import click

from memagent.cli.console import emit, say
from memagent.cli.options import db_option, json_option, open_memory, scope_options


@click.command()
@click.option("--graphml", type=click.Path(path_type=Path, dir_okay=False), help="Write it as GraphML to this file.")
@scope_options
@db_option
@json_option
def graph(graphml: Path | None, db: Path, as_json: bool, **scope: str | None) -> None:
    """Show how large the graph of a memory is; with --graphml, write it for Gephi, yEd, Cytoscape and the like."""
    with open_memory(db, None) as opened:
        found = opened.bind(**scope).graph
        if graphml is not None:
            found.graphml(graphml)
        counts = found.counts()
    if as_json:
        emit({"db": str(db), **counts})
    else:
        for name, count in counts.items():
            click.echo(f"{count:8,d}  {name}")
    if not counts["facts"]:
        say("there are no facts yet: memagent index finds them in the passages")
    if graphml is not None:
        say(f"written to {graphml}")
