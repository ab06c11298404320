"""What a clause in nine languages must have to be a fact: a finite verb, outside of its greetings and its tasks."""

from __future__ import annotations

import pytest

from memagent import Memory
from memagent.finite import closed_class, has_verb
from memagent.gate import decision
from memagent.gate.clauses import told
from memagent.gate.courteous import beside_courtesies
from memagent.gate.turns import lines
from memagent.gate.unfit import unfit
from memagent.types import Triple


@pytest.mark.parametrize(
    ("clause", "language"),
    [
        ("Ma cousine Apolline a ouvert une crêperie", "fr"),
        ("Rosendo no soporta el cilantro", "es"),
        ("Mia nipote pattina sul ghiaccio", "it"),
        ("A Filipa tem diabetes", "pt"),
        ("Teun lust geen spruitjes", "nl"),
        ("Ida spricht Deutsch", "de"),
        ("Полина продала машину", "ru"),
        ("我爷爷收藏邮票", "zh"),
        ("真由美は犬が怖い", "ja"),
    ],
)
def test_a_statement_has_a_finite_verb(clause: str, language: str) -> None:
    assert has_verb(clause, language)


@pytest.mark.parametrize(
    "clause",
    [
        "besos a Nuria y a los de Cádiz",
        "bisous à toute la bande de Grenoble",
        "un salutone a Fabrizia",
        "um abração pra turma de Belém",
        "dikke knuffel voor Fenna en de hele bups",
        "Schöne Grüße nach Flensburg",
        "привет тёте Рае и всем нашим",
    ],
)
def test_regards_have_no_verb_and_say_nothing(clause: str) -> None:
    assert not has_verb(clause)
    assert unfit(clause)


@pytest.mark.parametrize("clause", ["来自厦门的问候", "神戸のみんなによろしくね", "ご健勝をお祈り申し上げます"])
def test_regards_with_a_verb_of_their_own_are_known_by_their_words(clause: str) -> None:
    assert has_verb(clause)
    assert beside_courtesies(clause) == "" and unfit(clause)


def test_a_noun_behind_an_article_is_no_verb_though_it_looks_like_one() -> None:
    assert has_verb("Inés cocina en casa", "es")
    assert not has_verb("la cocina de Inés", "es")


def test_what_stands_beside_a_greeting_is_what_is_said() -> None:
    assert beside_courtesies("Super, dankjewel! Coen is verhuisd naar Terschelling.") == (
        "Super, Coen is verhuisd naar Terschelling"
    )
    assert beside_courtesies("hiya Tess, long time no see, hope all's well over in Aberdeen x") == ""
    assert beside_courtesies("Mirko owns a vineyard.") == "Mirko owns a vineyard."
    assert beside_courtesies("Danke Corp was sold to Acme.") == "Danke Corp was sold to Acme."


def test_a_name_in_a_greeting_is_not_the_object_of_the_statement_beside_it() -> None:
    said = "Привет Казани, я живу в Туле."
    assert not decision.why_not(Triple("Юра", "живу в", "Туле"), said, speaker="Юра")
    assert decision.why_not(Triple("Юра", "живу в", "Казани"), said, speaker="Юра")


@pytest.mark.parametrize(
    ("part", "script"), [("y a los", "latin"), ("à la", "latin"), ("и с", "ru"), ("の", "ja"), ("的", "zh")]
)
def test_small_words_alone_are_no_part_of_a_fact(part: str, script: str) -> None:
    assert closed_class(part, script)


def test_a_relation_of_small_words_is_refused_and_a_copula_is_not() -> None:
    said = "Gonzalo es sumiller en Lugo."
    assert not decision.why_not(Triple("Gonzalo", "es", "sumiller"), said)
    assert "says nothing" in decision.why_not(Triple("Gonzalo", "en", "Lugo"), said)


@pytest.mark.parametrize(
    "text",
    [
        "Corrige só a pontuação desta frase: a Benedita mora em Évora o irmão dela é bombeiro",
        "Придумай сказку про медведя Потапа, который живёт в Костроме и печёт блины.",
        "「花子は名古屋で花屋を営んでいる」を英語に訳してください。解説は不要です。",
        "Sei Nonna Pina, una cuoca di Lecce. Parli con affetto.",
        "Chamas-te Florbela e és guia em Sintra. A Florbela só responde a perguntas sobre palácios.",
        "### O que sei sobre o usuário\n* Mora em: Niterói",
        "Ik herinner me uit ons vorige gesprek dat Sjoerd in Sneek een zeilschool heeft.",
        "前回のお話では、裕子さんは金沢で漆器を作り、ご主人は運送業とのことでした。",
    ],
)
def test_tasks_parts_and_what_was_recalled_tell_nothing(text: str) -> None:
    assert all(line.why or not told(line.text) for line in lines(text))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Lars and Ottilie divorced in 2022 after a decade of not talking", ("Lars", "divorced", "Ottilie")),
        (
            "Remember this for later: Dr. Ahn is our vet.",
            ("Dr. Ahn", "is our", "vet"),
        ),
        ("Asking because Mina won three goldfish at the fair", ("Mina", "won", "goldfish")),
        ("Apúntalo, por favor: Maite cumple años el 9 de noviembre.", ("Maite", "cumple", "9 de noviembre")),
        ("Mijn buurvrouw Rachida zoekt een oppas, heb jij een tekst?", ("Rachida", "zoekt", "oppas")),
        (
            "Clément part vivre à Laval, que doit-il faire ?",
            ("Clément", "part vivre", "Laval"),
        ),
    ],
)
def test_a_fact_beside_what_is_wanted_is_kept(text: str, kept: tuple[str, str, str]) -> None:
    with Memory(":memory:", embedder="hashing:64", single_user=True) as memory:
        learnt = memory.facts.learn([Triple(*kept)], text, speaker="Yuki")
        assert len(learnt.ids) == 1, learnt.refused


def test_where_somebody_does_not_live_is_no_fact_and_what_they_do_not_eat_is() -> None:
    assert decision.why_not(Triple("Ada", "don't live in", "Atlantis"), "I don't live in Atlantis.", speaker="Ada")
    assert not decision.why_not(Triple("Ada", "don't eat", "fish"), "I don't eat fish.", speaker="Ada")


def test_a_language_that_is_not_covered_is_not_asked_for_a_verb() -> None:
    assert not unfit("Mara mieszka w Krakowie.")
    assert not unfit("Min moster Berit bor i Luleå.")
