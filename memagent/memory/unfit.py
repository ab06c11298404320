"""What of a conversation says nothing about the world: greetings, instructions, prompts, recalled text, questions.

A memory that learns from such lines fills with facts about itself. Each rule is a short list of how such lines begin or
end in several languages; a line that no rule knows is left to the gate of triples, which asks that it names what it
says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from memagent.memory.suspicion import recalled, said_to_a_model
from memagent.triples import Refusal

GREETING, INSTRUCTION, PROMPT = "a greeting or thanks", "an instruction", "a system prompt"
RECALLED, QUESTION, SUPPOSED, MODEL = "recalled text", "a question", "a supposition", "said by the model itself"

_GREETINGS = (
    "hello|hi|hey|morning|evening|hiya|howdy|greetings|good (?:morning|afternoon|evening|night|day)|welcome(?: "
    "back)?|thanks|thank you|"
    "thx|cheers|bye|goodbye|good bye|see you|take care|(?:nice|good|great|lovely) to (?:meet|see|hear from) you|"
    "pleased to meet you|have a "
    "(?:nice|good|"
    "great)|how are you|you're welcome|no problem|sure|ok|okay|great|yes|no|sorry|congratulations|well done|"
    "much appreciated|happy birthday|"
    "hallo|guten (?:morgen|tag|abend)|gute nacht|sehr geehrte[rs]?|liebe[rs]?|servus|moin|danke(?: schön| "
    "sehr)?|vielen dank|tschüss|auf wiedersehen|bis "
    "(?:bald|morgen)|"
    "bonjour|bonsoir|salut|merci(?: beaucoup)?|au revoir|à bientôt|hola|buenos días|buenas (?:tardes|noches)|"
    "gracias|muchas gracias|"
    "adiós|hasta (?:luego|mañana|pronto)|ciao|buongiorno|buonasera|grazie|arrivederci|salve|buona (?:giornata|"
    "serata|notte)|olá|oi|bom dia|boa "
    "(?:tarde|"
    "noite)|obrigad[oa]|tchau|привет|здравствуй(?:те)?|добрый (?:день|вечер)|доброе утро|спасибо|пока|до "
    "свидания|(?:спокойной|доброй) ночи|"
    "cześć|dzień dobry|dziękuję|merhaba|selam|teşekkürler|günaydın|hej|hei|tack|takk|hyvää (?:päivää|huomenta|"
    "iltaa)|kiitos|dobr[ýé] (?:den|ráno|večer)|děkuji|goedemorgen|dank je|"
    "مرحبا|شكرا|السلام عليكم|नमस्ते|धन्यवाद"
)
_GREETED = re.compile(rf"(?i)^\W*(?:{_GREETINGS})\b(?P<rest>.*)$", re.DOTALL)
_TO_SOMEBODY = re.compile(
    r"(?i)^(?:\W*$|\s+(?:there|all|everyone|everybody|for|so|very|again|you|to|back|doing|today|tomorrow|later|soon|"
    r"much|a lot|team|folks)\b|\s*[,!.…~]|\s+[^\s,]+\s*\W*$)"
)
_SAYS_MORE = re.compile(
    r"[,!.…~]\s*(?!(?:how|what|nice|and|see|good|have|that|it|this|you)\b)\S+\s+\S+\s+\S+", re.IGNORECASE
)
_EAST = re.compile(
    r"^\W*(?:你好|您好|早上好|晚上好|谢谢|感谢|再见|こんにちは|こんばんは|おはよう|ありがとう|さようなら|안녕|감사합니다|고마워)"
)
_INTRODUCED = re.compile(r"(?i)\b(?:i'?m|i am|my|this is|i live|i work|we|is|ich|je|yo|soy|sono|sou|меня|я)\b")

_ENGLISH = (
    r"(?:(?:please|kindly|just|only|simply|don't forget to|try to|now|also|and|so|ok|okay|from now on|in (?:the "
    r")?future|in this (?:chat|conversation)|going "
    r"forward|at all times|when (?:answering|replying|asked)[^,]{0,60}),?\s+){0,3}"
)
_VERBS = (
    r"answer|reply|respond|always|never|do not|don't|use(?! of)|write|rewrite|translate|summari[sz]e|tell me|"
    r"give me|show "
    r"me|explain|describe|make (?:it|sure|the)|keep (?:it|your|the)|be (?:brief|concise|polite|kind|helpful|"
    r"careful|more|"
    r"less|very|as)|remember to|remember your|ignore|disregard|forget|pretend|act as|call me|call yourself|help "
    r"me|let's|"
    r"let us|avoid|ensure|provide|refuse|double-check|"
    r"(?:list|search|return|output|format|limit|start|begin|end|say|think|consider|stay|stop|try|include|check|"
    r"speak|talk|"
    r"find|follow|cite|refer|continue|go on|look up)(?=\s+(?:the|an?|your|my|me|it|this|that|these|those|only|"
    r"all|any|in|to|"
    r"for|with|if|as|about|up|us|more|less|at|by|step|two|three|five|ten|\d+|them|every|each)\b)"
)
_MORE_VERBS = (
    r"(?:add|delete|remove|erase|generate|create|compose|convert|calculate|compute|suggest|recommend|remind|rephrase|"
    r"paraphrase|proofread|analy[sz]e|classify|elaborate|expand|extract|identify|insert|compare|correct|fix|"
    r"send|forward|"
    r"feel free|be sure|make sure|do(?:uble)? check|learn to|choose|invent|brainstorm|simplify|shorten|clarify|confirm|"
    r"prepare|arrange|cancel|read|tell|ask|let)\s+(?!(?-i:[A-Z])[\w'’-]*\s+[a-z]+(?:s|ed)\b)(?:[a-z]|(?-i:[A-Z])|\d)|"
    r"(?:book|call|change|design|draft|plan|order|save|show|test|turn|open|close|play|pick|rate|review|schedule|"
    r"set|sort|"
    r"put|take|get|go|come|wait|move|bring|buy|look|watch|wake|track|quote)\s+(?:an?|the|"
    r"my|your|our|me|"
    r"us|it|this|that|these|those|all|any|some|to|up|down|for|on|in|every|each|only|down|him|her|them|at)\b"
)
_NAMED = r"(?:\s+(?-i:[A-Z])[\w'’-]*){0,3}"
_INSTRUCTIONS = re.compile(
    rf"(?i)^\W*(?:(?:whenever|when|if|once|unless|for every|in every|before|after)\b[^,]{{0,80}},\s*(?:please "
    rf")?(?:{_VERBS})\b|"
    rf"{_ENGLISH}(?:{_MORE_VERBS})|"
    r"(?:erzähle?|sage?|zeige?|liste|hilf|mache?|suche?|finde|lies|lösche|merke?)\s(?:mir|uns|alle|das|den|die|"
    r"dir|eine?)\b|"
    r"(?:raconte|dis|montre|explique|aide|cherche|trouve|fais|supprime)[zs]?[- ](?:moi|nous|le|la|les|une?|tou[st])\b|"
    r"(?:dime|muéstrame|explica|explícame|ayúdame|busca|haz|borra|dimmi|mostrami|spiega|aiutami|fammi|diga-me|me diga|"
    r"mostre|explique|ajude|faça)\b|"
    r"(?:расскажи|скажи|покажи|дай|найди|объясни|помоги|удали|запомни|напомни|сделай|составь)(?:те)?\b|"
    rf"{_ENGLISH}(?:{_VERBS})\b(?!{_NAMED}\s+(?:is|was|are|were|has|had)\b)|"
    r"please,? (?!note that|remember that|be aware|know that|be advised)[a-z]|"
    r"(?:keep|make|give) (?:your |all |the )?(?:answers?|repl(?:y|ies)|responses?|output|sentences|explanations?)\b|"
    r"stop [a-z]+ing\b|under no circumstances\b|it is (?:important|essential|vital|crucial|necessary) (?:that "
    r"you|to)\b|"
    r"you (?:speak|talk|write|answer|reply|respond|know|help|work|act|behave)\b|your persona\b|"
    r"(?:limit|restrict|introduce|call) yourself\b|(?:switch|count|refer|stick|draw|paint|sketch|sing|spell) "
    r"[a-z\d]*\s?(?-i:[a-zA-Z\d])|"
    r"(?:you|your (?:answers?|repl(?:y|ies)|responses?|task|job|role|goal|name))\b(?:'ll|\s+(?:must|should|"
    r"shall|will|may|"
    r"can|could|need|have to|are to|are not|are an?|are now|never|always|is|ought))\b|"
    r"(?:i|we)(?:'d| would)? (?:want|need|like|expect) you to\b|"
    r"(?:all )?(?:answers?|repl(?:y|ies)|responses?|outputs?|the output) (?:must|should|shall|ha(?:s|ve) to|need)\b|"
    r"(?:the )?(?:assistant|chatbot|model|ai|bot) (?:must|should|shall|will|always|never|is to|has to|may|"
    r"can(?:not)?)\b|"
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
_EAST_INSTRUCTIONS = re.compile(
    r"^\W*(?:把|告诉我|帮我|给我|写一|列出|解释|总结|翻译|请|請|不要|别|始终|总是用|永远不要|忽略|用.{1,8}(?:回答|回复)|你(?:是|必须|应该|要)|あなたは)|"
    r"(?:てください|しないで|なさい|て下さい|주세요|하세요|십시오)\W*$|(?:答えて|返答して|翻訳して)"
)
_SUPPOSED = re.compile(
    r"(?i)^\W*(?:if|suppose|supposing|imagine|assume|assuming|pretend|let's say|what if|angenommen|stell dir vor|falls|"
    r"supposons|imagine[sz]?|supongamos|imagina|supponiamo|suponha|предположим|представь|если бы?|假设|假如|如果)\b|"
    r"^\W*(?:假设|假如|如果|もし)"
)
_SYSTEM = re.compile(
    r"(?i)\bas an? (?:ai|(?:large )?language model)\b|"
    r"^\W*you(?: are|'re) (?:an? |the |now )|^\W*you(?: are|'re)\b.{0,80}\b(?:assistant|bot|chatbot|agent|model)\b|"
    r"^\W*(?:du bist|tu es|vous êtes|eres|sei|você é|ты\s*[—–-]?|你是|您是|あなたは|당신은)\s?.{0,40}"
    r"(?:assist|chatbot|sprachmodell|ассистент|помощник|助手|アシスタント|人工智能|AI)"
)
_ROLE = re.compile(
    r"(?i)^\s*[*_#\[(]{0,3}(?P<role>system|developer|assistant|ai|bot|chatbot|model|tool|function|user|"
    r"human)\b[*_\])]{0,3}"
    r"\s*[:：]\s*(?P<rest>.*)$"
)
_NOT_SAID_BY_A_PERSON = {"system": PROMPT, "developer": PROMPT, "tool": RECALLED, "function": RECALLED}
_HEADING = re.compile(
    r"(?i)^\W*(?:here (?:are|is) |these are )?(?:the |some |your |what i )?(?:most )?(?:relevant|related|"
    r"retrieved|recalled|"
    r"previous|past|existing|known|remembered|stored|user|long-term|remember|i remember|from "
    r"memory)\b[^.\n]{0,60}[:：]\W*$|"
    r"^\W*(?:memor(?:y|ies)|recollections?|known facts|context|passages|erinnerungen|bekannte fakten|souvenirs|"
    r"recuerdos|"
    r"воспоминания|记忆|相关记忆|記憶)[^.\n]{0,40}[:：]\W*$"
)
_ITEM = re.compile(r"^\s*(?:[-*•–]|\[?\d{1,3}[\].)])\s*\S")
_NUMBERED = re.compile(r"^\s*\[\d{1,3}\](?:\s|$)")
_TAG = re.compile(
    r"(?i)^\s*<(?P<end>/?)\s*(?:passages|recalled|found|memory|memories|facts|context|(?:relevant|"
    r"retrieved)[_-]\w{1,20})\s*>"
)
_CHAT = re.compile(r"<\|(?P<what>im_start|im_end|system|user|assistant|start_header_id|end_header_id|eot_id)\|>")
_CALL = re.compile(r"(?i)\(\{\s*MEM_(?:READ|WRITE)|\{USER_(?:ST|END)\}")
_TOLD_BACK = re.compile(
    r"(?i)^\W*(?:here (?:are|is) )?(?:some |the |my )?(?:relevant|related|recalled|retrieved|stored|saved|known|"
    r"long-term) "
    r"(?:memor(?:y|ies)|facts?|passages?|context)\b[^:.]{0,60}:|^\W*memor(?:y|ies)\s*(?:#?\d+\s*)?[\]:)]|"
    r"^\W*(?:fact|item|entry|record) #?\d+\s*[:).]|"
    r"\b(?:according to|based on|from|in) (?:my|the|our|your) (?:stored |saved |previous |earlier |last |long-term )?"
    r"(?:memory|memories|records|conversations?|chats?|sessions?)\b|"
    r"\b(?:you|we|i) (?:have )?(?:previously |already |once |earlier )?(?:told me|mentioned|said|discussed)\b|"
    r"\bas (?:i|you|we) (?:recall|remember)\b|^\W*i recall\b"
)
_LABELLED = re.compile(
    r"(?i)^\W*[^:：.!?\n]{0,40}\b(?:memory|memories|recalled|retrieved|remembered|context|known|previous|previously|"
    r"earlier|knowledge base|database|conversation|chat history|user profile)\b[^:：.!?\n]{0,40}[:：]"
)
_PROMPT_LABEL = re.compile(r"(?i)^\W*(?:system |user )?(?:prompt|instructions?|rules?|persona|role)\s*[:：]")
_OURS = "The memory holds nothing on this"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a conversation: its text without the role before it, and why nothing is learnt from it, or ''."""

    text: str
    why: str = ""


def unfit(sentence: str) -> str:
    """Return why nothing is to be learnt from a sentence, in words, or ''."""
    text = unicodedata.normalize("NFC", sentence).strip()
    if not re.search(r"\w", text):
        return "it says nothing"
    if _CALL.search(text) or _OURS in text or recalled(text) or _TOLD_BACK.search(text) or _LABELLED.search(text):
        return RECALLED
    if said_to_a_model(text) or _CHAT.search(text) or _SYSTEM.search(text) or _PROMPT_LABEL.search(text):
        return PROMPT
    if text.rstrip("\"'”»)] ").endswith(("?", "？", "؟", "か。")):
        return QUESTION
    if _is_greeting(text):
        return GREETING
    if _INSTRUCTIONS.search(text) or _EAST_INSTRUCTIONS.search(text):
        return INSTRUCTION
    return SUPPOSED if _SUPPOSED.search(text) else ""


def lines(text: str) -> list[Line]:
    """Return the lines of a conversation, each with why nothing is learnt from it, or ''.

    A list of memories is known by its heading, its numbers or the marks round it, and ends with it; what a system, a
    tool or the model said goes on until somebody else speaks, or to the next blank line.
    """
    return list(_lines(text))


def refusals(of: list[Line]) -> list[Refusal]:
    """Return the lines that were refused, each with the reason."""
    return [Refusal(line.text, line.why) for line in of if line.why]


def _lines(text: str) -> Iterator[Line]:
    inside, until_blank = "", True
    numbered = False
    for line in text.splitlines():
        role = _ROLE.match(line)
        tag = _TAG.match(line)
        if tag:
            inside, until_blank = ("" if tag["end"] else RECALLED), False
            yield Line(line.strip(), RECALLED)
        elif role:
            inside = _role(role["role"].lower())
            until_blank = bool(inside)
            if role["rest"].strip():
                yield Line(role["rest"].strip(), inside)
        elif not line.strip():
            inside, numbered = ("" if until_blank else inside), False
        elif _HEADING.match(line) and not inside:
            inside, until_blank = RECALLED, True
            yield Line(line.strip(), RECALLED)
        elif inside:
            yield Line(line.strip(), inside)
        else:
            numbered = numbered or bool(_NUMBERED.match(line))
            yield Line(line.strip(), RECALLED if numbered else "")


def _role(name: str) -> str:
    if name in ("user", "human"):
        return ""
    return _NOT_SAID_BY_A_PERSON.get(name, MODEL)


def _is_greeting(text: str) -> bool:
    """A greeting with a name behind it at most; who introduces themselves in the same breath says something."""
    if _EAST.match(text):
        return len(text) <= 12
    found = _GREETED.match(text)
    if found is None:
        return False
    rest = found["rest"]
    few = len(rest.split()) <= 8 and not re.search(r"\d", rest)
    called = few and len(rest.split()) <= 4 and text.endswith("!") and not _SAYS_MORE.search(rest)
    bare = called or len(rest.split()) <= 1
    said = _INTRODUCED.search(rest) or _SAYS_MORE.search(rest)
    return bare or (few and not said and _TO_SOMEBODY.match(rest) is not None)
