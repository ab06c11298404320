"""Facts that `offline` takes from sentences that are not English: only where the grammar is plain."""

from __future__ import annotations

import pytest

from memagent.offline.foreign import foreign_facts
from memagent.offline.triples import writing


@pytest.mark.parametrize(
    ("sentence", "fact"),
    [
        ("Mi suegra Obdulia aprobó las oposiciones.", ("Obdulia", "aprobó", "las oposiciones")),
        ("Ma cousine Apolline a ouvert une crêperie.", ("Apolline", "a ouvert", "une crêperie")),
        ("El perro de Amparo se llama Chispas.", ("perro de Amparo", "se llama", "Chispas")),
        ("Vivo a Udine con mia sorella Jole.", ("I", "Vivo a", "Udine")),
        ("Onze kat heet Stroopwafel.", ("Onze kat", "heet", "Stroopwafel")),
        ("Вчера Полина продала машину.", ("Полина", "продала", "машину")),
        ("我住在珠海。", ("我", "住在", "珠海")),
        ("妹の玲奈は去年から長崎に住んでいます。", ("玲奈", "に住んでいます", "長崎")),
    ],
)
def test_a_plain_sentence_gives_its_fact(sentence: str, fact: tuple[str, str, str]) -> None:
    assert fact in foreign_facts(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["Beijão e até mais", "besos a Nuria y a los de Cádiz", "大阪の皆さんによろしく", "Спасибо, привет Казани"],
)
def test_nothing_is_proposed_where_no_verb_is(sentence: str) -> None:
    assert foreign_facts(sentence) == []


def test_names_that_nothing_joins_are_no_fact() -> None:
    assert "is with" not in writing("Mora em: Niterói, Profissão: fisioterapeuta", "(none)")
    assert writing("Ida Holm keeps the lamp of Gull Point.", "(none)") != "({MEM_WRITE-->})"
