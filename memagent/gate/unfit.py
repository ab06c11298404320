"""What of a conversation says nothing about the world: greetings, instructions, prompts, recalled text, questions.

A memory that learns from such lines fills with facts about itself. Each rule is a short list of how such lines begin or
end in several languages; a line that no rule knows is left to the gate of triples, which asks that it names what it
says.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from memagent.gate import assistants, languages, prompting
from memagent.gate.courteous import beside_courtesies
from memagent.gate.courtesies import is_courtesy
from memagent.gate.english import is_english
from memagent.gate.evidence import names_its_source, presents_a_text
from memagent.gate.fields import is_field
from memagent.gate.greetings import closes, is_greeting
from memagent.gate.imperatives import asks_by_form, begins_a_play
from memagent.gate.labels import is_labelled, of_oneself
from memagent.gate.machine import cites, is_machine
from memagent.gate.reasons import (
    GREETING,
    INSTRUCTION,
    LABELLED,
    MACHINE,
    MODEL,
    PROMPT,
    QUESTION,
    RECALLED,
    ROW,
    SUPPOSED,
    UNKNOWN_FORM,
)
from memagent.gate.rows import is_row
from memagent.gate.scored import is_scored
from memagent.gate.signs import recalled, said_to_a_model
from memagent.gate.statements import NO_STATEMENT, about_the_talk, says_nothing, unframed
from memagent.gate.tasks import is_task
from memagent.gate.wishes import is_wish

_LEADS_ON = re.compile(r"(?i)^\W*(?:ok(?:ay)?|yes|yeah|no|sure)\W+(?:so|but|and|well|actually)\W+(?=\w)")
_NAMES_ONE = re.compile(r"\b[A-Z][a-z]+")
_INSTRUCTIONS = re.compile(
    r"(?i)^\W*(?:under no circumstances\b|it(?: is|'s|’s) (?:important|essential|vital|crucial|"
    r"necessary) (?:that you|to)\b|"
    r"(?:i|we)(?:'d| would)? (?:want|need|like|expect) you to\b|"
    r"(?:erzähle?|sage?|zeige?|liste|hilf|mache?|suche?|finde|lies|lösche|merke?)\s(?:mir|uns|alle|das|den|die|"
    r"dir|eine?)\b|"
    r"(?:raconte|dis|montre|explique|aide|cherche|trouve|fais|supprime)[zs]?[- ](?:moi|nous|le|la|les|une?|"
    r"tou[st])\b|"
    r"(?:dime|muéstrame|explica|explícame|ayúdame|busca|haz|borra|dimmi|mostrami|spiega|aiutami|fammi|diga-me|me "
    r"diga|"
    r"mostre|explique|ajude|faça)\b|"
    r"(?:расскажи|скажи|покажи|дай|найди|объясни|помоги|удали|запомни|напомни|сделай|составь)(?:те)?\b|"
    r"(?:bitte,?\s+)?(?:antworte|antworten sie|schreibe?|übersetze?|nenne|erkläre?|verwende|benutze|gib|sei "
    r"(?:kurz|höflich|nett|freundlich|präzise|knapp|immer)|fasse?|ignoriere|"
    r"vergiss|erwähne?|sprich|du (?:bist|musst|sollst|darfst))\b|"
    r"(?:s'il (?:te|vous) plaît,?\s+)?(?:réponds|répondez|écris|écrivez|traduis|utilise[sz]?|sois|soyez|"
    r"donne[sz]?[- ](?:moi|nous|la|le|les|une?)|résume|"
    r"oublie|parle|tu (?:es|dois)|vous (?:êtes|devez)|ne \w+ (?:jamais|pas))\b|"
    r"(?:por favor,?\s+)?(?:responde|responda|contesta|escribe|escreva|traduce|traduza|(?-i:[Uu]sa)|use(?! of)|dame "
    r"(?:una?|el|la|los|las|tres)|resume|resuma|ignora|"
    r"ignore|olvida|habla|fale|eres (?:un|una)|você (?:é|deve)|debes|no (?:menciones|uses|digas)|não "
    r"(?:mencione|use|diga))\b|"
    r"(?:per favore,?\s+)?(?:rispondi|scrivi|traduci|riassumi|parla|sei una?|devi (?:sempre|rispondere|usare|"
    r"scrivere|essere|parlare)|non (?:menzionare|usare|dire))\b|"
    r"(?:пожалуйста,?\s+)?(?:(?:всегда|никогда)(?: не)?\s+)?(?:отвечай|отвечайте|пиши|пишите|напиши|напишите|"
    r"переведи|используй|"
    r"говори|забудь|"
    r"игнорируй|будь|не упоминай|не говори|ты (?:—|-|–|должен|являешься))\b|ты\s*[—–-]|"
    r"(?:odpowiadaj|napisz|antwoord|schrijf|svar|vertel|opowiedz|napisz|her zaman|lütfen)\b)"
)
_ONWARD = re.compile(
    r"(?i)\b(?:ab (?:jetzt|sofort)|von nun an|künftig|désormais|dorénavant|à partir de maintenant|a partir de ahora|"
    r"de ahora en adelante|d'ora in poi|d'ora in avanti|a partir de agora|de agora em diante|отныне|впредь|с этого "
    r"момента|vanaf nu|från och med nu|fra nå av|od teraz|bundan sonra)\b|"
    r"(?:には|必ず|常に).{1,40}こと\W*$|(?:从现在|从今|"
    r"今后|今後|これから|앞으로)|"
    r"^\W*\w+(?:t|te|en|ar|er|ir|are|ere|ire|a|e|é|ез|ть|й|йте)\s+(?:bitte|immer|stets|toujours|siempre|sempre|"
    r"alltid|altid|altijd|aina|zawsze|všdy|vždy|всегда)\b|^\W*(?:réponses?|antwort(?:en)?|respuestas?|risposte?|"
    r"respostas?|ответы?|все ответы|svar|antwoord(?:en)?)\s+(?:toujours|immer|stets|siempre|sempre|только|всегда|"
    r"alltid|altijd|bitte|en\b|auf\b|in\b|på\b|op\b)"
)
_EAST_INSTRUCTIONS = re.compile(
    r"^\W*(?:把|告诉我|帮我|给我|写一|列出|解释|总结|翻译|请|請|不要|别|始终|总是用|永远不要|忽略|用.{1,8}(?:回答|"
    r"回复)|你(?:是|必须|应该|要)|あなたは)|"
    r"(?:てください|しないで|なさい|て下さい|주세요|하세요|십시오)\W*$|(?:答えて|返答して|翻訳して)"
)
_TASK = re.compile(
    r"(?i)^\W*(?:please )?(?:translate|summari[sz]e|rewrite|rephrase|paraphrase|proofread|classify|extract|analy[sz]e|"
    r"continue|complete|correct|explain|describe|shorten|simplify|improve|repeat(?: after me)?|übersetze?|traduis|"
    r"traduce|traduci|переведи|翻译)\s*(?:this|it|das|ça|esto|questo|это)?\s*[:：]|"
    r"^\W*(?:übersetze?|traduis|traduce|traduci|переведи|corrige[zr]?|korrigiere|исправь|wiederhole|répète|repite|"
    r"ripeti|повтори)(?:\s\w+){0,3}\s*[:：]"
)
"""A task with its material behind a colon."""
_QUOTED_MATERIAL = re.compile(r"^(?P<task>[^:：\"“„«「]{3,80})[:：]\s*[\"“„«「]")
_SUPPOSED = re.compile(
    r"(?i)^\W*(?:if|suppose|supposing|imagine|assume|assuming|pretend|let's say|what if|angenommen|stell dir vor|"
    r"falls|"
    r"supposons|imagine[sz]?|supongamos|imagina|supponiamo|suponha|предположим|представь|если бы?|假设|假如|如果)\b|"
    r"^\W*(?:perhaps|maybe|vielleicht|peut-être|quizás?|forse|talvez|может быть|возможно)\b|^\W*(?:假设|假如|如果|"
    r"もし|也许|"
    r"可能)|"
    r"^\W*once upon a time\b|^\W*(?:role-?play|scenario|scene|story|plot|fiction|thought experiment)\s*[:：]|"
    r"^\W*(?:in this (?:story|scenario|game|role-?play|example|novel)|(?:for|as an) (?:example|instance)|e\.g\.|"
    r"hypothetically|let's (?:say|pretend|imagine|role-?play)|zum beispiel|par exemple|por ejemplo|per esempio|"
    r"например)\b|^\W*(?:例如|比如|たとえば)"
)
_WHO = re.compile(
    r"(?i)^\W*(?:who(?:['’]s)?\s+(?!cares|knows)[a-z]|(?:wer|quién|chi|quem)\s+\w+(?:t|e|te|a|ó|ò|é|è|ou|eu)\b|"
    r"(?:кто|где)\s)"
)
"""The one who does it is asked for, whatever sign stands at the end."""
_SYSTEM = re.compile(
    r"(?i)\bas an? (?:ai|(?:large )?language model)\b|"
    r"^\W*you(?: are|'re) (?:an? |the |now )|^\W*you(?: are|'re)\b.{0,80}\b(?:assistant|bot|chatbot|agent|model)\b|"
    r"^\W*(?:du bist|tu es|vous êtes|eres|sei|você é|ты\s*[—–-]?|你是|您是|あなたは|당신은)\s?.{0,40}"
    r"(?:assist|chatbot|sprachmodell|ассистент|помощник|助手|アシスタント|人工智能|AI)"
)
_MACHINE = re.compile(
    r"^\s*[\[{].*[\"']\s*:\s*.*[\]}],?\s*$|^\s*[\[{\]}],?\s*$|^\s*(?:[-*•]\s*)?[\"'][\w ]{1,30}[\"']\s*:|\w\s*>>\s*\w|"
    r"^\W*\([^(),]{1,60},[^(),]{1,60},[^(),]{1,60}\)\W*$|^\s*\w+\((?:\w+=|"
    r"['\"]).*\)\s*$|"
    r"(?i:\b(?:score|similarity|relevance|distance|confidence|rank)\b\W{0,3}[01]?\.\d)|(?i:\[(?:memory|fact|"
    r"passage|doc) )|(?i:\blorem ipsum\b)|(?i:^\W*(?:top )?(?:match|hit|result)\b[^:\n]{0,20}:)"
)
_CHAT = re.compile(
    r"<(?:start|end)_of_turn>|<\|(?P<what>im_start|im_end|system|user|assistant|start_header_id|end_header_id|"
    r"eot_id)\|>"
)
_CALL = re.compile(r"(?i)\(\{\s*MEM_(?:READ|WRITE)|\{USER_(?:ST|END)\}")
_TOLD_BACK = re.compile(
    r"(?i)^\W*(?:here (?:are|is) )?(?:some |the |my )?(?:relevant|related|recalled|retrieved|stored|saved|known|"
    r"long-term) "
    r"(?:memor(?:y|ies)|facts?|passages?|context)\b[^:.]{0,60}:|^\W*memor(?:y|ies)\s*(?:#?\d+\s*)?[\]:)]|"
    r"^\W*(?:fact|item|entry|record) #?\d+\s*[:).]|"
    r"\b(?:according to|based on|from|in) (?:my|the|our|your) (?:stored |saved |previous |earlier |last |long-term )?"
    r"(?:memory|memories|records|conversations?|chats?|sessions?)\b|"
    r"\b(?:you|we) (?:have )?(?:previously |already |once |earlier )?(?:told me|mentioned|said)\b|"
    r"^\W*(?:according to|based on|from|per|as per|i found (?:this|it) in) (?:the |my |our |your |what(?:'s| is|"
    r" we have) )?"
    r"(?:earlier |previous |past |stored |saved |on )*(?:chats?|conversations?|sessions?|messages?|context|"
    r"passages?|documents?|memor(?:y|"
    r"ies)|notes|file|"
    r"knowledge base|database|profile|chat history)\b|^\W*(?:remembering|recalling|recalled|recollection)\s*[:：]|"
    r"\b(?:i|we) (?:do |still )?(?:remember|recall)(?: that\b|,| (?=(?-i:[A-Z]))|$)|\bmy memory (?:says|tells)\b|"
    r"^\W*as (?:stored|saved|noted|recorded|remembered)\b|^\W*(?:search results|retrieved \d+)\b|"
    r"^\W*as (?:we|you)(?:['’]ve| have)? (?:already )?(?:discussed|agreed|said|mentioned|told me|talked about|"
    r"established|"
    r"noted)\b|"
    r"\b(?:based on|from|given|going by) what (?:i|we|you) (?:know|have|remember|told|said|shared)\b|"
    r"\bas (?:i|you|we) (?:recall|remember)\b|^\W*i recall\b|"
    r"^\W*(?:according to|based on|from|per|going by) (?:what|everything|all|the things) [^,]{0,40}\b(?:about you|"
    r"stored|"
    r"on file|on record|in memory|remembered|known)\b"
)
_PROMPT_LABEL = re.compile(
    r"(?i)^\W*\[(?:system|instructions?|prompt|developer)\]|^\W*(?:system |user )?(?:prompt|instructions?|rules?|"
    r"persona|role)\s*[:：]"
)
_LONGEST = 1000  # characters of a sentence of which it is kept what it is
_OURS = "The memory holds nothing on this"


def unfit(sentence: str) -> str:
    """Return why nothing is to be learnt from a sentence, in words, or ''."""
    text = unicodedata.normalize("NFC", sentence).strip()
    return _kept_unfit(text) if len(text) <= _LONGEST else _unfit(text)


def _unfit(text: str) -> str:
    if not re.search(r"\w", text):
        return "it says nothing"
    why = _marked(text) or _asked(text) or (LABELLED if is_field(unframed(text)) else "")
    return why or (MODEL if assistants.of_itself(text) else "") or _stated(text)


_kept_unfit = lru_cache(maxsize=1024)(_unfit)  # a sentence is asked about for its turn, its line and each triple


def _marked(text: str) -> str:
    """Why not, by marks: of recalled text, of programs, of prompts."""
    if _CALL.search(text) or _OURS in text or recalled(text) or _TOLD_BACK.search(text) or is_labelled(text):
        return RECALLED
    if is_scored(text) or cites(text) or assistants.of_its_memory(text) or names_its_source(text):
        return RECALLED
    if is_row(text):
        return ROW
    if _MACHINE.search(text):
        return MACHINE
    if said_to_a_model(text) or _CHAT.search(text) or _SYSTEM.search(text) or _PROMPT_LABEL.search(text):
        return PROMPT
    if is_machine(text):
        return MACHINE
    presented = presents_a_text(text) and re.search(r"[:：]\s", text) is not None
    return PROMPT if presented or prompting.opens(unframed(text)) or begins_a_play(text) else ""


def _asked(text: str) -> str:
    """Why not, by what a line wants of the listener."""
    if text.rstrip("\"'”»)] ").endswith(("?", "？", "؟", "か。")):
        return QUESTION
    if (is_greeting(text) and not _tells_on(text)) or closes(text) or is_courtesy(text) or is_wish(text):
        return GREETING
    if _WHO.search(text):
        return QUESTION
    found = _INSTRUCTIONS.search(text)
    if (found and text[found.end() :][:1] != "-") or _EAST_INSTRUCTIONS.search(text) or _ONWARD.search(text):
        return INSTRUCTION
    if asks_by_form(text) or is_task(text):
        return INSTRUCTION
    material = _QUOTED_MATERIAL.match(text)
    if _TASK.match(text) or (material and unfit(material["task"]) == INSTRUCTION):
        return INSTRUCTION
    return SUPPOSED if _SUPPOSED.search(unframed(text)) else ""


def _stated(text: str) -> str:
    """Why not, where a line has not the form of a statement in its language."""
    if (rest := of_oneself(text)) is not None:
        why = unfit(rest) if rest else NO_STATEMENT
        return "" if rest and why in (NO_STATEMENT, UNKNOWN_FORM) else why
    language = languages.language_of(text)
    if not language and languages.in_first_person(text):
        return ""
    if is_english(text, languages.counted(text, language) if language else 0):
        return says_nothing(text) or _beside(text)
    return about_the_talk(text) or languages.no_statement(text, language)


def _beside(text: str) -> str:
    """Why not, where an English line has no verb beside what it greets and wishes with."""
    rest = beside_courtesies(text)
    return GREETING if rest != text and (not rest or says_nothing(rest) == NO_STATEMENT) else ""


def _tells_on(text: str) -> bool:
    """Whether an `ok so` leads a statement with a name in it."""
    led = _LEADS_ON.match(text)
    return led is not None and _NAMES_ONE.search(text[led.end() :]) is not None and not unfit(text[led.end() :])
