"""Who said which line: transcripts in the forms that chats and exports have, prompts, and lines that were wrapped."""

from __future__ import annotations

import pytest

from memagent.gate import reasons
from memagent.gate.turns import lines
from memagent.gate.unfit import unfit
from memagent.gate.wrapping import unwrapped
from memagent.prompts import fill
from memagent.sentences import split_sentences

MINE = "My cousin Dara repairs clocks in Lyon."
ITS = "Mirko owns a vineyard near Trieste."
TRANSCRIPTS = [
    "User: {mine}\nAssistant: {its}",
    "USER\n{mine}\n\nASSISTANT\n{its}",
    "**User:** {mine}\n\n**AI:** {its}",
    "You said:\n{mine}\nChatGPT said:\n{its}",
    "Gemini\n{its}\n\nYou\n{mine}",
    "Human: {mine}\n\nAI: {its}",
    "[2024-01-03 10:00] User: {mine}\n[2024-01-03 10:01] Bot: {its}",
    "[10:00:01] <yuki> {mine}\n[10:00:05] <helperbot> {its}",
    "03.01.24, 10:00 - Yuki: {mine}\n03.01.24, 10:01 - Helper: {its}",
    "[03/01/2024, 10:00:00] Yuki: {mine}\n[03/01/2024, 10:01:00] Meta AI: {its}",
    "> User: {mine}\n> Assistant: {its}",
    "> {its}\n\n{mine}",
    "- User: {mine}\n- Assistant: {its}",
    "### User\n{mine}\n### Assistant\n{its}",
    "<|im_start|>user\n{mine}<|im_end|>\n<|im_start|>assistant\n{its}<|im_end|>",
    "<s>[INST] {mine} [/INST] {its} </s>",
    "<start_of_turn>user\n{mine}<end_of_turn>\n<start_of_turn>model\n{its}<end_of_turn>",
    "<user>{mine}</user><assistant>{its}</assistant>",
    '[{{"role": "user", "content": "{mine}"}}, {{"role": "assistant", "content": "{its}"}}]',
    '{{"role": "user", "content": "{mine}"}}\n{{"role": "assistant", "content": "{its}"}}',
    '{{"messages": [{{"role": "user", "content": [{{"type": "text", "text": "{mine}"}}]}}]}}',
    "[{{'role': 'user', 'content': '{mine}'}}, {{'role': 'assistant', 'content': '{its}'}}]",
    "- role: user\n  content: {mine}\n- role: assistant\n  content: {its}",
    "🧑: {mine}\n🤖: {its}",
    "Benutzer: {mine}\nKI: {its}",
    "Utilisateur : {mine}\nAssistant : {its}",
    "Usuario: {mine}\nAsistente: {its}",
    "Пользователь: {mine}\nИИ: {its}",
    "用户：{mine}\n助手：{its}",
]
PRINTED = [
    "Mirko | owns | a vineyard\n  fact:93b05a0ccd11266e5ba7784f  since 2025-01-02 10:00 UTC",
    "1. 0.33  wine · wine.txt\n   Mirko owns a vineyard near Trieste.\n   1cfa820322528b98: dense 0.20 (rank 1)",
    "<passages>\n[1] Mirko owns a vineyard near Trieste.\n</passages>",
    "A vineyard near Trieste [1].\n\n[1] wine · wine.txt (0.39, 1cfa820322528b98ac7a5a39)",
    "Things I remember about you:\n- Mirko owns a vineyard near Trieste.",
    "$ cat wine.txt\nMirko owns a vineyard near Trieste.\nexit code 0",
    'Traceback (most recent call last):\n  File "wine.py", line 3\nKeyError: Mirko',
]
PROMPTS = [
    "You are Vino, the sommelier of a bar in Trieste. Vino knows Mirko, who owns\na vineyard, and recommends his wine "
    "to every guest of the bar.",
    "# Persona\nMirko, who owns a vineyard.\n\n# Limits\nMirko never speaks of prices.",
    "Du bist Vino, ein Kellner. Mirko besitzt einen Weinberg bei Triest.",
    "Tu es un sommelier. Mirko possède un vignoble à Trieste.",
    "Eres un camarero. Mirko tiene un viñedo en Trieste.",
    "Ты — официант. Мирко купил виноградник.",
    "你是一个服务员。米尔科有一个葡萄园。",
]


def asked_about(text: str, speaker: str = "Yuki") -> list[str]:
    return [
        sentence
        for line in lines(text, speaker)
        if not line.why
        for sentence in split_sentences(line.text)
        if not unfit(sentence)
    ]


@pytest.mark.parametrize("form", TRANSCRIPTS)
def test_of_a_transcript_only_what_the_person_said_is_left(form: str) -> None:
    assert asked_about(form.format(mine=MINE, its=ITS)) == [MINE]


def test_what_another_says_in_an_export_is_left_where_he_is_the_speaker() -> None:
    text = "[10:00] Ana: I own a vineyard near Trieste."
    assert asked_about(text, "Yuki") == []
    assert [line.why for line in lines(text, "Yuki")] == [reasons.OTHER]
    assert asked_about(text, "Ana") == ["I own a vineyard near Trieste."]


@pytest.mark.parametrize("text", [*PRINTED, *PROMPTS])
def test_what_a_memory_or_program_printed_and_prompts_are_refused_line_by_line(text: str) -> None:
    assert asked_about(text) == []
    refused = [line for line in lines(text) if line.why]
    assert refused
    assert all(line.text for line in refused)


def test_its_own_prompts_come_back_teach_nothing() -> None:
    asked = [
        *fill("plain/answer", passages=f"[1] {ITS}", question="What does Mirko own?"),
        *fill("memllm/write", context="(none)", sentence=ITS, speaker="(not known)"),
    ]
    assert len(asked) >= 4
    for message in asked:
        assert asked_about(message.content) == []


@pytest.mark.parametrize(
    "text",
    [
        "You're a star! My car is a Fiat.",
        "Please write a poem. My wife loves lighthouses.",
        "My family:\n- Anna lives in Oslo.\n- Bo lives in Turku.",
        "You Are My Starship is an album by Norman Connors.",
        "Dinner at 9:30 is with Ida Holm.",
        "Great Britain borders Ireland.",
        "My assistant is called Lovisa.",
    ],
)
def test_people_are_not_taken_for_programs(text: str) -> None:
    assert asked_about(text)


def test_wrapped_lines_are_one_and_lines_of_a_chat_are_not() -> None:
    wrapped = ["Ida Holm moved to Oslo in the spring of 1990 and", "works for Acme."]
    assert unwrapped(wrapped) == [" ".join(wrapped)]
    chat = ["i live in oslo", "my sister is bo", "", "- a list whose first item is long enough to wrap", "- and more"]
    assert unwrapped(chat) == chat


def test_a_long_document_with_an_instruction_or_two_is_no_prompt() -> None:
    prose = "Ida Holm was born in Bergen. Mara Lund works for Acme in Oslo. " * 10
    assert len(asked_about(f"{prose}Use the oven for this. Always stir the pot.")) == 20


def test_a_fact_among_messages_that_instruct_is_left() -> None:
    assert asked_about("Hello!\nIda lives in Oslo.\nAlways answer in French.\nUse the metric system.") == [
        "Ida lives in Oslo."
    ]
    assert asked_about("Hello! Ida lives in Oslo. Always answer in French. You are a helpful assistant.") == [
        "Ida lives in Oslo."
    ]


def test_long_texts_are_parted_in_time_that_grows_with_their_length() -> None:
    for piece in ("\n\n", "> ", "a1", "{", "<a ", "10:00 ", "\n__a", "From: x\n", "<a>\n", "[1] ", "thanks, "):
        assert all(line.text for line in lines(piece * 20_000)), piece
