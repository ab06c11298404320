"""Whether a text as a whole is a prompt: it opens by telling a model who it is, what it is to do, or what follows.

Then nothing in it is said by a person to be remembered, however much of it is in the third person: the company it works
for, the user it serves, the passage to be read. It is known by its first sentence (English, German, French, Spanish,
Italian, Portuguese, Russian, Chinese, Japanese), or by headings such as `# Role` and `Rules:`.
"""

from __future__ import annotations

import re

from memagent.gate.english import listed
from memagent.gate.imperatives import begins_a_play
from memagent.gate.statements import unframed

_YOU_ARE = re.compile(
    r"^\W*(?:(?i:from now on|starting now|today|in this (?:task|chat|conversation|game|scenario)|for this "
    r"task),?\s+)?"
    r"(?i:you(?: are|'re|’re)(?! (?:welcome|right|wrong|correct|so|too|very|great|amazing|awesome|the best|kind|"
    r"(?:an? |my |such an? )?(?:star|angel|legend|genius|gem|lifesaver|hero|darling|treasure|friend))\b)|"
    r"you(?: have|['’]ve) been (?:hired|given|asked|assigned|trained|built|created|told|instructed|provided|"
    r"chosen)\b|"
    r"you (?:will|must|should|shall|have to|act|speak|play|work|serve|help|answer|write|represent|receive|get|can "
    r"only|"
    r"may only|never|always|only)\b|you'll (?:be|act|play|get|receive)\b|"
    r"your (?:name is|task|job|role|goal|purpose|mission|objective|duty|persona|instructions|output|answers?|"
    r"repl(?:y|ies)|responses?|tone)\b|"
    r"(?:act|behave|respond|answer|speak|write|reply) (?:as|like) (?:if|an?|the|though)\b|(?:pretend|imagine)(?: "
    r"that)? "
    r"(?:to be|you(?: are|'re)?)\b|(?:take on|assume|adopt|play) (?:the|a) (?:role|persona|character) of\b|"
    r"as an? [^,.]{2,60},\s*you(?:r)?\b|"
    r"(?:the following|below|here|this|what follows) (?:is|are) (?:an? |the |some |part of an? )?(?:\w+ ){0,2}"
    r"(?:conversation|chat|dialogue|transcript|instructions?|rules?|prompt|passages?|context|task|examples?|"
    r"facts|information|notes|details|data)\b|"
    r"(?:use|given|using|based on|read|consider|with|from) (?:only )?(?:the|this|these|an?) (?:following |given |"
    r"provided "
    r"|above |below )?(?:\w+ )?(?:context|passages?|paragraphs?|texts?|articles?|documents?|sentences?|conversation|"
    r"information|facts|excerpts?|sources|transcript)\b|"
    r"(?:answer|extract|classify|summari[sz]e|identify|list|translate|label) .{0,40}\b(?:question|triples?|entities|"
    r"relations?|passages?|text|context|following|below)\b)"
)
_OTHER = re.compile(
    r"(?i)^\W*(?:(?:jij|je|u) (?:speelt|bent (?:een|de|het)|beantwoordt|antwoordt|helpt)\b|(?:jouw|je|uw) (?:taak|rol|"
    r"opdracht) is\b|"
    r"du (?:bist|wirst|musst|sollst|hilfst|beantwortest|spielst|antwortest)\b|sie (?:sind|beantworten|"
    r"helfen|"
    r"antworten|arbeiten) (?=ein|als|der|die|das|fragen|immer|nur|kunden|den)|(?:deine|ihre) (?:aufgabe|rolle|"
    r"antworten)\b|"
    r"(?:verhalte dich|handle|antworte|agiere) (?:wie|als)\b|"
    r"tu (?:es|dois|seras|réponds|aides|joues)\b|vous (?:êtes|devez|serez|répondez|aidez|jouez)\b|"
    r"(?:ta|votre) (?:tâche|mission|rôle)\b|(?:agis|agissez|comporte-toi) (?:comme|en)\b|"
    r"(?:tú )?(?:eres|serás|debes|respondes|actúas)\b|usted (?:es|debe|será)\b|(?:tu|su) (?:tarea|misión|función|"
    r"rol|papel) "
    r"es\b|actúa como\b|(?:tu )?sei (?:un|il|la|l'|lo)\b|lei è (?:un|il|la)\b|(?:il tuo|la tua) (?:compito|ruolo)\b|"
    r"(?:você|tu) (?:é|és|deve|será)\b|(?:sua|tua) (?:tarefa|função)\b|"
    r"(?:ты|вы)\s*(?:[—–-]|должен|должны|будешь|являешься|являетесь|помогаешь|отвечаешь|играешь)|"
    r"(?:твоя|ваша|твоё|твое) (?:задача|роль|имя)\b|действуй как\b|представь, что ты\b)|"
    r"^\W*(?:你是|您是|你现在是|你将|你的(?:任务|角色|职责|名字)|请你?扮演|扮演|あなたは|君は|당신은|너는)"
)
_THE_MODEL = re.compile(
    r"(?i)^\W*(?:the (?:ai|assistant|model|chatbot|bot|agent|system|language model)|(?:der|die) (?:assistent|"
    r"chatbot|ki)"
    r"|l'assistant|el asistente|l'assistente|ассистент)(?: \w+)? (?:must|should|shall|will|is to|has to|may|can|"
    r"never|"
    r"always|does not|answers?|muss|soll|darf|doit|ne doit|debe|no debe|deve|должен|не должен)\b"
)
_PERSONA = re.compile(
    r"^\W*(?:[A-Z]\w+(?: [A-Z]\w+)?|(?i:this|the|our|your)(?: \w+)?) (?i:is|was) (?i:an?|the|your|our) (?:[\w-]+,? "
    r"){0,2}"
    r"(?i:helpful|friendly|virtual|digital|ai|ai-powered|automated|conversational|intelligent|artificial)(?:,? "
    r"(?:and )?"
    r"[\w-]+){0,4} (?i:assistant|chatbot|bot|agent|companion|guide|model|helper|ai)\b|"
    r"^\W*(?i:(?:this|the|our|your) (?:custom )?(?:gpt|chatbot|ai assistant|assistant|bot|copilot) "
    r"(?:is|was|helps|answers|speaks|knows|works|serves|supports|writes|acts|represents|talks|has|lives|belongs)\b)|"
    r"^\W*(?i:your (?:users?|customers?|clients?|guests?|audience|company|employer|creators?|owners?|makers?|"
    r"developers?|"
    r"knowledge cut-?off) (?:is|are|was|were|will|want|may|come|write|expect|speak)\b)|"
    r"\b(?i:and you(?:['’]re| are) (?:our|my) (?:[\w-]+ ){0,2}(?:helper|assistant|agent|bot|chatbot|concierge))\b|"
    r"^\W*(?i:the (?:current |end )?user(?:['’]s name)? (?:is|lives|works|prefers|has|speaks|likes|wants|needs)\b)|"
    r"^\W*(?i:(?:eres|du bist|tu es|je bent|u bent|jij bent|ты|sei|você é|tu és) )(?-i:[^\W\d_a-zа-яё]\w+),|"
    r"^\W*(?i:tu t['’]appelles|te llamas|ti chiami|du heißt|je heet|você se chama|тебя зовут|du arbeitest (?:für|"
    r"bei|als)|"
    r"tu travailles (?:pour|chez|comme)|trabajas (?:para|en|como)|lavori (?:per|come|da)|você trabalha|je werkt "
    r"(?:voor|bij|"
    r"als)|(?:je|u|jij) bent)\b|^\W*(?:你叫|你的名字)|"
    r"^\W*(?i:(?:tu )?eres|du bist|tu es|vous êtes|je bent|jij bent|u bent|(?:tu )?sei|lei è|você é|tu és|o "
    r"senhor é|ты|вы)"
    r"(?:\s*[—–-])? (?:(?i:der|die|das|le|la|l['’]|el|il|o|a|de|het|don|doña|dona|seu|mevrouw|meneer|herr|"
    r"frau|monsieur|madame) )?"
    r"[^\W\d_a-zа-яёà-ÿ][\w'’-]+(?! (?:bist|es|eres|sei)\b)(?!\W*$)|"
    r"^\W*(?i:chamas-te|te llamarás|ti chiamerai|tu te nommes|je naam is|jouw naam is|uw naam is|dein name "
    r"ist|il tuo nome è|ton nom est|"
    r"votre nom est|tu nombre es|(?:o )?(?:seu|teu) nome é|твоё имя|твое имя|ваше имя|вас зовут|sie heißen|"
    r"ihr name ist|"
    r"vous vous appelez|usted se llama|lei si chiama|você chama-se|u heet|jij heet)(?!\w)|"
    r"^\W*(?:君は|きみは|お前は|君の名前は|あなたの名前は|あなたの役割は|你名叫|你名字是|你扮演|您扮演|你作为|"
    r"你身为)|"
    r"^\W*(?i:instruções|instrucciones|istruzioni|consignes?|anweisung\w*|instructies|инструкции|"
    r"systemanweisung\w*|systeeminstructies?) (?i:do|del|di|de|du|pour|für|para|для|per|voor|системы) "
    r"?(?i:\w+)?\s*[:：]|"
    r"^\W*(?i:character|persona|scenario|bot|npc) (?i:card|sheet|profile|definition|description)\b|"
    r"\{\{\s?(?:char|user|name|bot)\w*\s?\}\}"
)
_YOU_DO = re.compile(r"^\W*You (?P<verb>[a-z]+) (?!me\b|my\b|I\b|what\b|how\b|that\b|,)")
_OF_PEOPLE = frozenset("know see guess think believe remember recall say look sound feel need want like love".split())
"""What people say that the listener does, about themselves or in passing."""
_HEADINGS = (
    r"(?:system )?prompt|system message|role|persona|identity|character|style|tone|voice|rules?|limits?|limitations|"
    r"constraints?|behaviou?r|guidelines?|instructions?|task|goals?|objectives?|output(?: format)?|response format|"
    r"format|"
    r"context|examples?|few-shot examples|tools?|capabilities|safety|rolle|aufgabe|regeln|stil|rôle|tâche|règles|"
    r"consignes|"
    r"rol|tarea|reglas|instrucciones|ruolo|regole|роль|задача|правила|стиль|инструкции|角色|任务|规则|风格|要求|限制"
)
_HEADING = re.compile(rf"(?i)^\s*#{{1,4}}\s*(?:your )?(?:{_HEADINGS})\b[^.!?\n]{{0,20}}$")
_TITLE = re.compile(r"(?i)^\W*(?:system|user|assistant|developer) ?(?:prompt|message|instructions?)\W*(?:$|:)")
_SYSTEMS = re.compile(
    r"(?i)^\W*(?:(?:system|systeem|sistema|système|системн\w+|系统|システム)[ -]?(?:prompt|instru\w+|anweisung\w*|"
    r"nachricht|bericht|aanwijzing\w*|промпт|сообщение|инструкция|提示词?|指令|消息|プロンプト|メッセージ|指示)|(?:prompt|instru\w+|"
    r"consignes?|"
    r"mensaje|mensagem|messaggio|message|промпт)(?: (?:de|del|do|di|du))? (?:sistema|système|системы))(?!\w)"
    r"[^:：.!?\n]{0,14}[:：]"
)
"""The label of a prompt in other languages: `Systeemprompt v3: ...`."""
_OF_A_BOT = re.compile(
    r"(?i)^[^.!?:\n]{0,40}\b(?:assistant|bot|chatbot|agent|ai|model)(?:['’]s)? (?:\w+ )?"
    r"(?:guidelines|rules|instructions|policy|policies|behaviou?r|persona|prompt)\b[^.!?:\n]{0,20}:?\W*$"
)
_FIELDS = re.compile(
    rf"(?i)(?:^|[.!?。！？\n])\s*(?:{_HEADINGS}|background|input|output|scenario|user|customer|company|name|"
    rf"model|date|"
    r"kontext|ziel|hintergrund|eingabe|ausgabe|contexte|consigne|objectif|contexto|objetivo|contesto|compito|"
    r"obiettivo|"
    r"instrução|context|opdracht|doel|контекст|цель|背景|公司|目标|任务|语境|输入|输出|背景情報|役割|指示)\s*[:：]"
)
"""Two of these in one text are a prompt, wherever they stand."""
_LABEL = re.compile(rf"(?i)^\W*(?:{_HEADINGS})\s*[:：]")


def is_prompt(text: str) -> bool:
    """Return whether a text is a prompt as a whole.

    Args:
        text: without the marks of a transcript; its wrapped lines put together.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return False
    first = lines[0]
    if (
        _TITLE.match(first)
        or _SYSTEMS.match(first)
        or _OF_A_BOT.match(first)
        or opens(unframed(first))
        or begins_a_play(first)
    ):
        return True
    if (":" in text or "：" in text) and sum(1 for _ in _FIELDS.finditer(text)) > 1:
        return True
    headings = sum(_HEADING.match(line) is not None for line in lines)
    labels = sum(_LABEL.match(line) is not None for line in lines)
    return headings + labels >= 2 or (headings > 0 and _HEADING.match(first) is not None)


def opens(sentence: str) -> bool:
    """Return whether a sentence tells a model who it is or what it is given, as the first of a prompt does."""
    if re.match(r"\W*You (?:Are|Will|Must|Should)\b", sentence):
        return False  # a title
    found = _YOU_DO.match(sentence)
    if found and found["verb"] in listed("verbs") and found["verb"] not in _OF_PEOPLE:
        return True
    return any(pattern.search(sentence) for pattern in (_SYSTEMS, _YOU_ARE, _OTHER, _THE_MODEL, _PERSONA))
