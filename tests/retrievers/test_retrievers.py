"""Dense, keyword and both together: order, scores, and what a hit says about itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.embedders.hashing import Hashing
from memagent.errors import UsageProblem
from memagent.retrievers.base import Retriever
from memagent.retrievers.dense import Dense
from memagent.retrievers.fusion import Fusion
from memagent.retrievers.keyword import Keyword
from memagent.stores.database import SQLiteDatabase
from memagent.stores.vector import SQLVectorStore
from memagent.types import Hit, Note, Scope

ME = Scope(user="me")
NOTES = [
    Note("Ida keeps the lighthouse and trims its lamp.", title="Lighthouse", source="a.md"),
    Note("The fog horn broke in May."),
    Note("The baker opens at five."),
    Note("The ferry does not sail in fog."),
]


@pytest.fixture(scope="module")
def world():
    database, embedder = SQLiteDatabase(":memory:"), Hashing(256)
    store = SQLVectorStore(database, embedder=embedder.name, dim=embedder.dim)
    texts = [f"{note.title}\n{note.text}" if note.title else note.text for note in NOTES]
    store.add(ME, NOTES, embedder.embed(texts))
    yield Dense(store, embedder), Keyword(store)
    database.close()


def every(world):
    return [*world, Fusion(world)]


def test_all_are_retrievers_and_find_the_passage(world):
    for retriever in every(world):
        assert isinstance(retriever, Retriever)
        hit = retriever.retrieve("who keeps the lighthouses?", 2, ME)[0]
        assert (hit.text, hit.title, hit.source) == (NOTES[0].text, "Lighthouse", "a.md")
        assert 0 < hit.score <= 1
        assert retriever.name in hit.parts or retriever.name == "hybrid"
        assert retriever.retrieve("who keeps the lighthouses?", 5, Scope(user="m")) == []


def test_why_names_ranks_and_words(world):
    dense, keyword = world
    [first, second] = keyword.retrieve("fog horn", 5, ME)
    assert first.why == f"keyword {first.score:.2f} (rank 1: fog, horn)"
    assert second.why == f"keyword {second.score:.2f} (rank 2: fog)"
    assert dense.retrieve("fog horn", 1, ME)[0].why.endswith("(rank 1)")
    both = Fusion(world).retrieve("fog horn", 1, ME)[0]
    assert set(both.parts) == {"dense", "keyword"}
    assert both.parts["keyword"] == first.score
    assert both.why.startswith("dense ") and both.why.endswith("(rank 1: fog, horn)")


def test_a_keyword_score_is_a_part_of_the_query(world):
    _, keyword = world
    whole = keyword.retrieve("fog horn", 1, ME)[0].score
    half = keyword.retrieve("fog horn zeppelin", 1, ME)[0].score
    assert 0 < half < whole < 1


@pytest.mark.parametrize(
    "query", ["", " \n", "C++", "what's", '"', "a AND b", "tea AND", "*", "NEAR(", "😀", "\0", "col:x", "-", "\ud800"]
)
def test_no_query_is_an_error(world, query):
    for retriever in every(world):
        assert len(retriever.retrieve(query, 3, ME)) <= 3


@given(query=st.text(), k=st.integers(0, 10))
def test_any_text_gives_ordered_scores(world, query, k):
    for retriever in every(world):
        hits = retriever.retrieve(query, k, ME)
        scores = [hit.score for hit in hits]
        assert len(hits) <= k
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert all(0 <= part <= 1 for hit in hits for part in hit.parts.values())


class Fixed:
    """A retriever that always finds the same."""

    def __init__(self, name, scores):
        self.name = name
        self._hits = [Hit(id, id, score, {name: score}, f"{name}!") for id, score in scores]

    def retrieve(self, query, k, scope):
        return self._hits[:k]


def test_fusion_adds_relative_scores():
    one, two = Fixed("one", [("a", 0.8), ("b", 0.4)]), Fixed("two", [("b", 0.2), ("c", 0.1)])
    hits = Fusion([one, two]).retrieve("q", 5, ME)
    assert [hit.id for hit in hits] == ["b", "a", "c"]
    assert [hit.score for hit in hits] == pytest.approx([0.75 * 0.5, 0.5 * 0.5, 0.25 * 0.5])
    assert hits[0].parts == {"one": 0.4, "two": 0.2}
    assert hits[0].why == "one!, two!"
    assert [hit.id for hit in Fusion([one, two], weights=[3, 1]).retrieve("q", 1, ME)] == ["a"]


def test_fusion_with_nothing_from_one_side():
    hits = Fusion([Fixed("one", []), Fixed("two", [("b", 0.0), ("c", 0.0)])]).retrieve("q", 5, ME)
    assert [(hit.id, hit.score) for hit in hits] == [("b", 0.0), ("c", 0.0)]


@pytest.mark.parametrize("options", [{"weights": [1]}, {"weights": [1, 0]}, {"weights": [1, float("nan")]}])
def test_fusion_refuses_weights_that_do_not_fit(options):
    with pytest.raises(UsageProblem):
        Fusion([Fixed("one", []), Fixed("two", [])], **options)


def test_fusion_refuses_none_and_twins():
    with pytest.raises(UsageProblem):
        Fusion([])
    with pytest.raises(UsageProblem):
        Fusion([Fixed("one", []), Fixed("one", [])])


CORPORA = {
    "zh": (
        [
            "我喜欢在海边的灯塔散步。",
            "面包店早上五点开门。",
            "渡轮在大雾中停航。",
        ],
        "灯塔在哪里",
        0,
    ),
    "ja": (
        [
            "灯台守の名前はイダです。",
            "パン屋は五時に開きます。",
            "霧の日はフェリーが出ません。",
        ],
        "パン屋は何時に開く",
        1,
    ),
    "ru": (
        [
            "Смотрителя маяка зовут Ида.",
            "Пекарня открывается в пять.",
            "Паром не ходит в туман.",
        ],
        "пекарня",
        1,
    ),
    "ar": (
        [
            "اسم حارس المنارة إيدا.",
            "يفتح الخباز في الخامسة.",
            "لا تبحر العبارة في الضباب.",
        ],
        "حَارِس المنارة",
        0,
    ),
    "th": (
        [
            "ผู้ดูแลประภาคารชื่อไอดา",
            "ร้านขนมปังเปิดตอนห้าโมง",
            "เรือเฟอร์รี่ไม่ออกเมื่อมีหมอก",
        ],
        "ร้านขนมปัง",
        1,
    ),
    "ko": (
        [
            "등대지기의 이름은 이다입니다.",
            "빵집은 다섯 시에 엽니다.",
            "안개가 끼면 배가 뜨지 않습니다.",
        ],
        "등대는 누가",
        0,
    ),
    "hi": (
        [
            "प्रकाशस्तंभ की रखवाली इडा करती है।",
            "बेकरी पाँच बजे खुलती है।",
            "कोहरे में नाव नहीं चलती।",
        ],
        "बेकरी कब",
        1,
    ),
}


@pytest.mark.parametrize("language", CORPORA)
def test_every_script_is_searched(language):
    texts, query, right = CORPORA[language]
    database, embedder = SQLiteDatabase(":memory:"), Hashing()
    store = SQLVectorStore(database, embedder=embedder.name, dim=embedder.dim)
    store.add(ME, [Note(text) for text in texts], embedder.embed(texts))
    for retriever in every((Dense(store, embedder), Keyword(store))):
        assert [hit.text for hit in retriever.retrieve(query, 1, ME)] == [texts[right]], retriever.name
    database.close()
