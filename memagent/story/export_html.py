"""A story as one HTML page: no script, no address of anything elsewhere, readable in light and dark and on paper."""

from __future__ import annotations

from memagent.story.edition import Edition
from memagent.story.markup import escape, paragraphs

_STYLE = """
:root { color-scheme: light dark; --ink: #222; --paper: #fdfcf9; --quiet: #666; }
@media (prefers-color-scheme: dark) { :root { --ink: #ddd8ce; --paper: #191919; --quiet: #9a958c; } }
html { background: var(--paper); color: var(--ink); }
body { margin: 0 auto; padding: 3rem 1.25rem 6rem; max-width: 34rem; overflow-wrap: break-word;
  font: 1.125rem/1.6 Georgia, "Iowan Old Style", "Noto Serif", "DejaVu Serif", serif; }
:lang(zh), :lang(yue) { font-family: "Songti SC", "Noto Serif CJK SC", "SimSun", serif; }
:lang(ja) { font-family: "Hiragino Mincho ProN", "Noto Serif CJK JP", "Yu Mincho", serif; }
header { margin: 2rem 0 4rem; text-align: center; }
h1, h2 { line-height: 1.25; font-weight: normal; }
h1 { margin: 0; font-size: 2.25rem; }
h2 { margin: 4.5rem 0 2rem; font-size: 1.5rem; text-align: center; }
.author { margin: 1rem 0 0; color: var(--quiet); }
nav ol { margin: 0; padding: 0; list-style: none; text-align: center; }
nav a { color: inherit; text-decoration-color: var(--quiet); }
p { margin: 0; text-indent: 1.4em; hyphens: auto; }
p.first, .author { text-indent: 0; }
hr { margin: 1.6rem 0; border: 0; text-align: center; color: var(--quiet); }
hr::before { content: "* * *"; }
:lang(zh) main p, :lang(yue) main p { text-indent: 2em; }
:lang(ja) main p { text-indent: 1em; }
:lang(zh) em, :lang(yue) em, :lang(ja) em { font-style: normal; text-emphasis: dot; }
:lang(zh) em, :lang(yue) em { text-emphasis-position: under right; }
@page { margin: 22mm 20mm; }
@media print {
  :root { --ink: #000; --paper: #fff; --quiet: #333; }
  body { max-width: none; padding: 0; font-size: 11.5pt; line-height: 1.45; }
  nav { display: none; }
  section + section { break-before: page; }
  h2 { margin-top: 2rem; break-after: avoid; }
  p { orphans: 2; widows: 2; }
  hr { break-before: avoid; break-after: avoid; }
}
""".strip()


def html(edition: Edition) -> str:
    """Return the edition as one page that needs nothing else."""
    author = escape(edition.author)
    head = [
        "<!DOCTYPE html>",
        f'<html lang="{edition.language}" dir="{edition.direction}">',
        "<head>",
        '<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        f"<title>{escape(edition.name)}</title>",
        *([f'<meta name="author" content="{author}"/>'] if author else []),
        '<meta name="color-scheme" content="light dark"/>',
        f"<style>\n{_STYLE}\n</style>",
        "</head>",
        "<body>",
    ]
    return "\n".join([*head, *_front(edition), "<main>", *_sections(edition), "</main>", "</body>", "</html>"]) + "\n"


def _front(edition: Edition) -> list[str]:
    title = [f"<h1>{escape(edition.title)}</h1>"] if edition.title else []
    title += [f'<p class="author">{escape(edition.author)}</p>'] if edition.author else []
    front = ["<header>", *title, "</header>"] if title else []
    if len(edition.sections) < 2:
        return front
    links = (f'<li><a href="#ch{one.number}">{escape(one.heading)}</a></li>' for one in edition.sections)
    return [*front, "<nav>", "<ol>", *links, "</ol>", "</nav>"]


def _sections(edition: Edition) -> list[str]:
    lines = []
    for section in edition.sections:
        heading = [f"<h2>{escape(section.heading)}</h2>"] if section.heading else []
        lines += [f'<section id="ch{section.number}">', *heading, paragraphs(section.blocks), "</section>"]
    return lines
