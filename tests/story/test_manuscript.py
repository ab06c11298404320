"""A story as its readers have it, and how places in it are written."""

from __future__ import annotations

import pytest

from memagent.errors import UsageProblem
from memagent.story.manuscript import Chapter, Manuscript, Place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ch.2 ¶3", Place(2, 3)),
        ("ch:2", Place(2)),
        ("2", Place(2)),
        ("2.p3", Place(2, 3)),
        ("CH.12 P4", Place(12, 4)),
        ("chapter 3 paragraph 1", Place(3, 1)),
        (" 2:p3 ", Place(2, 3)),
    ],
)
def test_a_place_is_read_as_people_write_it(text, place):
    assert Place.read(text) == place
    assert Place.read(str(place)) == place


@pytest.mark.parametrize("text", ["", "0", "ch", "-1", "ch.1 ¶0", "two", "1 2 3", "ch.1 ¶"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(UsageProblem, match="is no place"):
        Place.read(text)


def test_paragraphs_come_with_their_places_and_places_have_an_order():
    told = Manuscript("T", (Chapter("", ("a", "b")), Chapter("Two", ("c",))))
    assert told.paragraphs == [(Place(1, 1), "a"), (Place(1, 2), "b"), (Place(2, 1), "c")]
    assert Place(1, 2) < Place(2) < Place(2, 1)
