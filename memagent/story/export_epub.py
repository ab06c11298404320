"""A story as an EPUB 3 book, written with the standard library alone.

The same story gives the same bytes, on any day and in any place: every date in it is fixed, or is SOURCE_DATE_EPOCH
where the environment sets it, and the identifier is made from the content. (Another version of zlib may compress to
other bytes; what is in the book stays the same.)
"""

from __future__ import annotations

import io
import os
import uuid
import zipfile
from datetime import UTC, datetime
from hashlib import sha256

from memagent.errors import ConfigError
from memagent.story.edition import Edition, Section
from memagent.story.markup import escape, paragraphs

_FIXED = datetime(1980, 1, 1, tzinfo=UTC)  # the first day that a zip file can name
_LAST = datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)  # and the last
_FOLDER = "EPUB"
_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""
_STYLE = """body { margin: 0 5%; line-height: 1.5; }
h1, h2 { font-weight: normal; line-height: 1.25; text-align: center; }
h1 { margin: 30% 0 1em; font-size: 2em; }
h2 { margin: 3em 0 2em; font-size: 1.4em; page-break-after: avoid; break-after: avoid; }
p { margin: 0; text-indent: 1.4em; orphans: 2; widows: 2; }
p.first { text-indent: 0; }
p.author { text-indent: 0; text-align: center; }
hr { width: 20%; margin: 1.5em auto; border: 0; border-top: 1px solid; }
:lang(zh) section p, :lang(yue) section p { text-indent: 2em; }
:lang(ja) section p { text-indent: 1em; }
nav ol { list-style: none; padding: 0; }
"""
_METADATA = """<meta property="dcterms:modified">{modified}</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityFeature">readingOrder</meta>
<meta property="schema:accessibilityHazard">none</meta>"""


def epub(edition: Edition) -> bytes:
    """Return the edition as an EPUB 3 file. Raises `ConfigError` when SOURCE_DATE_EPOCH is no number of seconds."""
    moment = _moment()
    width = len(str(edition.sections[-1].number))
    names = [f"chapter-{section.number:0{width}d}.xhtml" for section in edition.sections]
    pages = dict(zip(names, edition.sections, strict=True))
    inside = {
        "title.xhtml": _page(edition, edition.name, _title(edition), kind="titlepage"),
        "nav.xhtml": _page(edition, edition.name, _contents(edition, pages)),
        **{name: _page(edition, _heading(edition, section), _chapter(section)) for name, section in pages.items()},
        "style.css": _STYLE,
    }
    identity = uuid.uuid5(uuid.NAMESPACE_OID, sha256(repr(sorted(inside.items())).encode()).hexdigest())
    package = _package(edition, names, f"urn:uuid:{identity}", moment)
    files = {f"{_FOLDER}/{name}": text for name, text in {"package.opf": package, **inside}.items()}
    return _zipped({"mimetype": "application/epub+zip", "META-INF/container.xml": _CONTAINER, **files}, moment)


def _zipped(files: dict[str, str], moment: datetime) -> bytes:
    """Return a zip file of texts; the first, by which its kind is known, is not compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, (name, text) in enumerate(files.items()):
            info = zipfile.ZipInfo(name, moment.timetuple()[:6])
            info.create_system, info.external_attr = 3, 0o100644 << 16  # the same on every system
            info.compress_type = zipfile.ZIP_DEFLATED if number else zipfile.ZIP_STORED
            archive.writestr(info, text.encode(), compresslevel=9)
    return out.getvalue()


def _package(edition: Edition, names: list[str], identity: str, moment: datetime) -> str:
    author = f"<dc:creator>{escape(edition.author)}</dc:creator>\n" if edition.author else ""
    documents = ["title.xhtml", *names]
    items = "\n".join(
        f'<item id="{name.removesuffix(".xhtml")}" href="{name}" media-type="application/xhtml+xml"/>'
        for name in documents
    )
    spine = "\n".join(f'<itemref idref="{name.removesuffix(".xhtml")}"/>' for name in documents)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="{edition.language}" \
dir="{edition.direction}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{identity}</dc:identifier>
<dc:title>{escape(edition.name)}</dc:title>
<dc:language>{edition.language}</dc:language>
{author}{_METADATA.format(modified=f"{moment:%Y-%m-%dT%H:%M:%SZ}")}
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="style" href="style.css" media-type="text/css"/>
{items}
</manifest>
<spine page-progression-direction="{edition.direction}">
{spine}
</spine>
</package>
"""


def _page(edition: Edition, title: str, body: str, kind: str = "") -> str:
    what = f' epub:type="{kind}"' if kind else ""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="{edition.language}" \
xml:lang="{edition.language}" dir="{edition.direction}">
<head>
<title>{escape(title)}</title>
<link rel="stylesheet" type="text/css" href="style.css"/>
</head>
<body{what}>
{body}
</body>
</html>
"""


def _title(edition: Edition) -> str:
    author = f'\n<p class="author">{escape(edition.author)}</p>' if edition.author else ""
    return f"<h1>{escape(edition.name)}</h1>{author}"


def _contents(edition: Edition, pages: dict[str, Section]) -> str:
    entries = [("title.xhtml", edition.name)] if edition.sections[0].heading else []
    entries += [(name, _heading(edition, section)) for name, section in pages.items()]
    lines = "\n".join(f'<li><a href="{name}">{escape(heading)}</a></li>' for name, heading in entries)
    return f'<nav epub:type="toc" id="toc">\n<ol>\n{lines}\n</ol>\n</nav>'


def _chapter(section: Section) -> str:
    heading = f"<h2>{escape(section.heading)}</h2>\n" if section.heading else ""
    return f'<section epub:type="chapter">\n{heading}{paragraphs(section.blocks)}\n</section>'


def _heading(edition: Edition, section: Section) -> str:
    return section.heading or edition.name


def _moment() -> datetime:
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not given:
        return _FIXED
    try:
        moment = datetime.fromtimestamp(int(given), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(
            f"SOURCE_DATE_EPOCH={given!r} is no moment", hint="Set it to seconds since 1970, or unset it."
        ) from error
    return min(max(moment, _FIXED), _LAST)
