"""Revisions and what is none: the labelled replies by which the threshold of `rat_revision.GROUNDED` was chosen.

All were written by hand for this: no model's replies are among them. `figures` recomputes what the docstring states.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from memagent import rat
from memagent.flow import Retrieve, run
from memagent.methods import rat_revision
from memagent.methods.rat_revision import GROUNDED, NOTHING_TO_CHANGE, astray, grounded
from memagent.types import Completion, Hit


@dataclass(frozen=True)
class Case:
    task: str
    step: str
    passages: str


LAMP = Case(
    "Tell the story of the lamp at Gull Point.",
    "The lamp at Gull Point was lit in 1890 by a keeper named Alder, who lived alone in the tower.",
    "Gull Point light: first lit on 3 May 1892. Its first keeper, Alder, came with his sister Wren. It burnt whale oil "
    "until 1921, when an electric bulb took its place.",
)
BREAD = Case(
    "How do I bake sourdough bread?",
    "Knead the dough for 30 minutes and bake it at once in a cold oven at 150 degrees.",
    "Sourdough rises for eight to twelve hours at room temperature. Preheat the oven to 250 °C; a covered pot keeps "
    "the steam that gives a crisp crust.",
)
SORT = Case(
    "Write a function that returns the k largest numbers of a list.",
    "Sort the whole list with a loop of our own and return the last k numbers.",
    "heapq.nlargest(n, iterable) returns a list with the n largest elements. sorted(iterable, reverse=True) sorts in "
    "descending order.",
)
PLAN = Case(
    "Get a diamond pickaxe in Minecraft.",
    "STEP 3: mine diamonds with a wooden pickaxe",
    "Diamond ore drops nothing unless it is mined with an iron pickaxe or better. It is most common at layer -59.",
)
GERMAN = Case(
    "Beschreibe die Geschichte des Leuchtturms von Gullpunkt.",
    "Der Leuchtturm wurde 1890 von Alder gebaut und brannte mit Petroleum.",
    "Der Leuchtturm von Gullpunkt wurde 1892 errichtet; bis 1921 verbrannte seine Lampe Walöl, "
    "danach elektrisches Licht.",
)
FRENCH = Case(
    "Raconte l'histoire du phare de la Pointe.",
    "Le phare fut allumé en 1890 par un gardien nommé Aulne.",
    "Le phare de la Pointe, allumé pour la première fois en mai 1892, brûlait de l'huile de baleine jusqu'en 1921.",
)
SPANISH = Case(
    "¿Cuándo se fundó la ciudad de Puerto Gaviota?",
    "Puerto Gaviota fue fundada en 1740 por pescadores ingleses.",
    "La ciudad de Puerto Gaviota se fundó en 1752; sus fundadores eran balleneros portugueses.",
)
RUSSIAN = Case(
    "Расскажи о маяке на мысе Чаек.",
    "Маяк на мысе Чаек был зажжён в 1890 году смотрителем по имени Ольхов.",
    "Маяк мыса Чаек впервые зажгли в мае 1892 года; до 1921 года в нём горел китовый жир.",
)
CHINESE = Case(
    "讲述海鸥角灯塔的历史。",
    "海鸥角的灯塔于1890年由一位名叫桤木的守塔人点亮。",
    "海鸥角灯塔于1892年5月首次点亮，直到1921年一直燃烧鲸油，后来改用电灯。",
)
JAPANESE = Case(
    "カモメ岬の灯台の歴史を述べよ。",
    "カモメ岬の灯台は1890年に灯台守の榛の手で点灯された。",
    "カモメ岬灯台は1892年5月に初めて点灯し、1921年まで鯨油を燃やしていた。",
)
ARABIC = Case(
    "احكِ قصة منارة رأس النوارس.",
    "أُضيئت منارة رأس النوارس عام 1890 على يد حارس اسمه ألدر.",
    "أضيئت منارة رأس النوارس لأول مرة في مايو 1892 وكانت تحرق زيت الحوت حتى عام 1921.",
)
TURKISH = Case(
    "Martı Burnu fenerinin öyküsünü anlat.",
    "Martı Burnu feneri 1890 yılında Alder adlı bir bekçi tarafından yakıldı.",
    "Martı Burnu feneri ilk kez Mayıs 1892'de yakıldı; 1921'e kadar balina yağı yaktı.",
)
# A step in a language that the passages do not have.
ACROSS = Case(GERMAN.task, GERMAN.step, LAMP.passages)

REVISIONS = [
    # corrections
    (LAMP, "The lamp at Gull Point was lit in 1892 by a keeper named Alder, who lived in the tower with his sister."),
    (BREAD, "Knead the dough for 10 minutes, let it rise for eight to twelve hours and bake it in an oven preheated to "
            "250 °C."),
    (PLAN, "STEP 3: mine diamonds with an iron pickaxe"),
    (GERMAN, "Der Leuchtturm wurde 1892 von Alder errichtet und brannte mit Walöl."),
    (FRENCH, "Le phare fut allumé en mai 1892 par un gardien nommé Aulne."),
    (SPANISH, "Puerto Gaviota fue fundada en 1752 por balleneros portugueses."),
    (RUSSIAN, "Маяк на мысе Чаек впервые зажёг в мае 1892 года смотритель по имени Ольхов."),
    (CHINESE, "海鸥角的灯塔于1892年5月由一位名叫桤木的守塔人首次点亮。"),
    (JAPANESE, "カモメ岬の灯台は1892年5月に灯台守の榛の手で初めて点灯された。"),
    (ARABIC, "أضيئت منارة رأس النوارس لأول مرة في مايو 1892 على يد حارس اسمه ألدر."),
    (TURKISH, "Martı Burnu feneri Mayıs 1892'de Alder adlı bir bekçi tarafından ilk kez yakıldı."),
    (ACROSS, "Der Leuchtturm wurde im Mai 1892 in Betrieb genommen; Alder zog mit seiner Schwester Wren ein, und die "
             "Lampe brannte mit Walöl."),
    # paraphrases
    (LAMP, "On 3 May 1892 Alder, the first keeper, kindled the light on Gull Point; he shared his home with Wren, his "
           "sister."),
    (BREAD, "After a short kneading, leave your sourdough overnight at room temperature, then bake in a very hot oven, "
            "inside a lidded pot."),
    (SORT, "Call heapq.nlargest(k, numbers), which picks the biggest values without ordering everything."),
    (PLAN, "STEP 3: first forge an iron pickaxe, because diamond ore yields nothing to weaker tools"),
    (GERMAN, "Errichtet hat man den Turm 1892. Seine Lampe lief bis 1921 mit Walöl, später elektrisch."),
    (FRENCH, "C'est en 1892 qu'on alluma pour la première fois la lampe; elle consommait alors de l'huile de baleine."),
    (SPANISH, "Fueron balleneros llegados de Portugal quienes fundaron la ciudad en 1752."),
    (CHINESE, "1892年5月，守塔人桤木第一次点亮了这座灯塔，当时用的是鲸油。"),
    (JAPANESE, "1892年5月、灯台守の榛が初めて火を点じた。燃料は鯨油だった。"),
    # expansions
    (LAMP, LAMP.step.replace("1890", "1892") + " It burnt whale oil until 1921, when an electric bulb took its place, "
           "and the long evenings of trimming wicks came to an end."),
    (BREAD, "Knead the dough for ten minutes. Let it rise for eight to twelve hours at room temperature. Preheat the "
            "oven to 250 °C with a covered pot inside: it keeps the steam, and the crust becomes crisp. Take the lid "
            "off for the last part so that the loaf browns."),
    (SORT, "Use the standard library:\n\n```python\nimport heapq\n\ndef largest(numbers, k):\n    return "
           "heapq.nlargest(k, numbers)\n```\n\nIt returns a list in descending order."),
    (RUSSIAN, RUSSIAN.step.replace("1890", "1892") + " До 1921 года в нём горел китовый жир."),
    # shortened, by what is known to be wrong in it
    (LAMP, "A keeper named Alder lit the lamp at Gull Point."),
]  # fmt: skip

NO_REVISIONS = [
    # apologies and refusals
    (LAMP, "I'm sorry, but I can't help with that request."),
    (BREAD, "I apologize, but as an AI language model I am unable to browse or verify anything, so I cannot assist."),
    (SORT, "I'm sorry, I don't have enough context to answer. Could you please provide more details?"),
    (GERMAN, "Es tut mir leid, aber dabei kann ich leider nicht helfen."),
    (FRENCH, "Je suis désolé, mais je ne peux pas répondre à cette demande."),
    (SPANISH, "Lo siento, pero no puedo ayudarte con esa solicitud."),
    (RUSSIAN, "Извините, но я не могу помочь с этим запросом."),
    (CHINESE, "很抱歉，我无法协助完成该请求。"),
    (JAPANESE, "申し訳ありませんが、そのご要望にはお応えできません。"),
    (ARABIC, "عذرًا، لا يمكنني المساعدة في هذا الطلب."),
    (TURKISH, "Üzgünüm, bu isteğe yardımcı olamıyorum."),
    # nothing to change
    (LAMP, "No changes are needed."),
    (BREAD, "The step is already accurate and complete, so no revision was necessary."),
    (PLAN, "No corrections required."),
    (GERMAN, "Es sind keine Änderungen erforderlich."),
    (FRENCH, "Aucune modification n'est nécessaire."),
    (SPANISH, "No es necesario hacer ningún cambio."),
    (RUSSIAN, "Изменения не требуются."),
    (CHINESE, "无需修改。"),
    (JAPANESE, "修正の必要はありません。"),
    (ARABIC, "لا حاجة إلى أي تغيير."),
    # the passages do not tell
    (LAMP, "The passages do not mention this, so the text stays as it is."),
    (BREAD, "None of the passages are relevant to the step; therefore I returned it unchanged."),
    (SORT, "The provided passages contain no information that contradicts the step."),
    (GERMAN, "Die Textstellen sagen dazu nichts, deshalb bleibt der Text, wie er ist."),
    (FRENCH, "Les passages n'en parlent pas, le texte reste donc inchangé."),
    (CHINESE, "所给段落没有提到这一点，因此原文保持不变。"),
    # with words of what it was about
    (LAMP, "The passages do not say anything about who lit the lamp, so no revision of the step is possible."),
    (BREAD, "I cannot verify how long the dough should be kneaded from the given passages, so I left it as is."),
    (GERMAN, "Zum Leuchtturm enthalten die Textstellen leider keine Angaben, die eine Änderung begründen würden."),
]  # fmt: skip
# Those that name most of what they are about have its words. They are known to pass.
MISSED = [
    (LAMP, "The passages do not mention the keeper Alder at Gull Point, so the lamp step stays."),
]


def share(case: Case, reply: str) -> float:
    return grounded(reply, [case.task, case.step, case.passages])


def figures() -> str:
    genuine = sorted(share(*one) for one in REVISIONS)
    none = sorted(share(*one) for one in NO_REVISIONS)
    return f"{len(genuine)} revisions {genuine[0]:.2f} to {genuine[-1]:.2f}, {len(none)} others to {none[-1]:.2f}"


# Written after the threshold was chosen.
MATHS = Case(
    "A crate has 12 rows of 3 jars. A quarter of them break. How many are left?",
    "12 * 3 = 38, so 38 / 4 = 9.5 break and 28.5 are left.",
    "A product of 12 and 3 is 36. A quarter of a number is the number divided by 4.",
)
KOREAN = Case(
    "갈매기곶 등대의 역사를 말해 줘.",
    "갈매기곶 등대는 1890년에 올더가 켰다.",
    "갈매기곶 등대는 1892년 5월에 처음 켜졌고 고래기름을 태웠다.",
)
POLISH = Case(
    "Opowiedz o latarni na Przylądku Mew.",
    "Latarnia na Przylądku Mew została zapalona w 1890 roku przez latarnika Olchę.",
    "Latarnię Przylądka Mew zapalono po raz pierwszy w maju 1892 roku; spalała olej wielorybi.",
)
HINDI = Case(
    "गल पॉइंट के प्रकाशस्तंभ की कहानी बताओ।",
    "गल पॉइंट का प्रकाशस्तंभ 1890 में एल्डर ने जलाया था।",
    "गल पॉइंट का प्रकाशस्तंभ पहली बार मई 1892 में जलाया गया; उसमें व्हेल का तेल जलता था।",
)
LATER_REVISIONS = [
    (MATHS, "There are 12 * 3 = 36 jars. A quarter of 36 is 36 / 4 = 9, so 36 - 9 = 27 are left."),
    (KOREAN, "갈매기곶 등대는 1892년 5월에 올더가 처음 켰으며 고래기름을 태웠다."),
    (POLISH, "Latarnię zapalił po raz pierwszy latarnik Olcha w maju 1892 roku, a paliwem był olej wielorybi."),
    (HINDI, "गल पॉइंट का प्रकाशस्तंभ मई 1892 में एल्डर ने पहली बार जलाया था।"),
    (LAMP, "Whale oil fed its flame for three decades; electricity came in 1921."),
    (BREAD, "Proof the dough overnight, then give it a very hot, preheated oven and plenty of steam."),
]
LATER_NO_REVISIONS = [
    (MATHS, "I'm afraid I cannot find anything to correct here."),
    (KOREAN, "죄송하지만 그 요청은 도와드릴 수 없습니다."),
    (POLISH, "Przykro mi, ale nie mogę w tym pomóc."),
    (HINDI, "क्षमा करें, मैं इस अनुरोध में सहायता नहीं कर सकता।"),
    (LAMP, "Since none of the sources discuss this topic, I kept everything exactly the way you wrote it."),
    (SORT, "Looks good to me!"),
]


@pytest.mark.parametrize(("case", "reply"), [*REVISIONS, *LATER_REVISIONS])
def test_a_revision_has_the_words_of_what_it_is_about(case: Case, reply: str) -> None:
    assert astray(reply, [case.task, case.step, case.passages]) == ""


@pytest.mark.parametrize(("case", "reply"), [*NO_REVISIONS, *LATER_NO_REVISIONS])
def test_what_is_no_revision_has_not(case: Case, reply: str) -> None:
    assert astray(reply, [case.task, case.step, case.passages]) != ""


@pytest.mark.parametrize(("case", "reply"), MISSED)
def test_what_is_known_to_be_missed(case: Case, reply: str) -> None:
    assert share(case, reply) > GROUNDED


def test_the_figures_of_the_threshold_are_those_that_are_stated() -> None:
    stated = " ".join(Path(rat_revision.__file__).read_text(encoding="utf-8").split())
    assert figures() in stated


@pytest.mark.parametrize(
    ("reply", "nothing"),
    [
        ("No changes are needed.", True),
        ("The passages do not mention this, so the text stays as it is.", True),
        ("Es sind keine Änderungen erforderlich.", True),
        ("无需修改。", True),
        ("I'm sorry, but I can't help with that request.", False),
    ],
)
def test_a_reviser_that_finds_nothing_to_change_is_told_apart_where_its_words_are_known(
    reply: str, nothing: bool
) -> None:
    why = astray(reply, [LAMP.task, LAMP.step, LAMP.passages])
    assert (why == NOTHING_TO_CHANGE) == nothing and (nothing or "0% of its words" in why)


@pytest.mark.parametrize("scope", ["prefix", "step"])
@pytest.mark.parametrize(("case", "reply"), NO_REVISIONS)
def test_a_step_is_kept_where_what_came_back_is_no_revision(
    case: Case, reply: str, scope: Literal["prefix", "step"]
) -> None:
    first = f"{case.step}\n\n" if scope == "prefix" else ""

    def answer(step: Any, path: tuple[int, ...]) -> Any:
        if isinstance(step, Retrieve):
            return [Hit("one", case.passages, 0.5)]
        label = step.request.label
        if label.startswith("rat/draft"):
            return Completion(f"{case.step}\n\n{case.step} {case.task}")
        newest = case.task in step.request.messages[-1].content.split("<step>")[-1].split("</step>")[0]
        return Completion(f"{first if newest else ''}{reply}")

    done = run(rat(case.task, scope=scope, query="step", ratio=(0.0, 9.0)), answer)
    assert [part.decision for part in done.parts] == ["kept", "kept"], done.parts[1].why
    assert done.parts[1].text.strip() == f"{case.step} {case.task}"
    told = [problem for problem in done.problems if "revision not taken" in problem]
    assert len(told) == (0 if NOTHING_TO_CHANGE in done.parts[0].why else 2)
