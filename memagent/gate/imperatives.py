"""Whether a line is a request by the form of its first word, or wants a part to be played: in a dozen languages.

An imperative with a pronoun bound to it (`Rappelle-moi`, `Ricordami di`, `Recuérdame`, `Lembre-me`) or right behind it
(`Erinnere mich`, `提醒我`) asks something of the listener, whatever is told behind it; so do the endings that only an
imperative has (`Répondez à`, `Помогите`), and the ends of Japanese requests. English is left to `statements`.

A part to be played (`Act as my interviewer.`, `Roleplay: ...`) makes what stands behind it a part of the play.
"""

from __future__ import annotations

import re

_BOUND = re.compile(
    r"(?i)^[^\w\s]*(?:"
    r"[^\W\d_]+-(?:moi|nous|lui|leur|toi|le|la|les)(?:-(?:le|la|les|en|moi|lui|y))?\s|"  # fr
    r"[^\W\d_]{2,}[aei](?:mi|glielo|melo|mela|meli|cene)\s(?:di|che|a|al|alla|un[oa']?|il|lo|la|le|i|gli|se|come|"
    r"quando|dove|cosa|per|con|in|quello|qualcosa|questo|questa|subito|sempre)\s|"  # it
    r"[^\W\d_]*[áéíóú][^\W\d_]{1,4}(?:me|nos|melo|selo|sela|le)\s(?:que|de|a|al|el|la|los|las|una?|por|si|"
    r"cuando|cómo|"
    r"qué|dónde|con|mañana|lo|algo)\s|(?:d[ií]|da|haz|pon|ten|deja|manda|cuenta|escribe|lee|pasa|busca|trae)"
    r"(?:me|le|les|nos|melo|selo)\s(?-i:[a-záéíóúñ¿])|"  # es
    r"(?![^\W\d_]+o-)(?!disse|deu|contou|pediu|falou)[^\W\d_]+-(?:me|lhe|lhes|nos)\s|me (?:lembr|dig|cont|ajud|mand|"
    r"avis)[ea]\s)"  # pt
)
_TO_SAY = r"erinner|sag|schreib|erzähl|frag|grüß|zeig|schick|gib|mail|melde|richte|lass"
_BESIDE = re.compile(
    rf"(?i)^[^\w\s]*(?:(?:{_TO_SAY}|schick|gib|hilf|lass|mach|nenn|stell|behandl|ruf|weck|erklär|hol|lies|merk|"
    rf"empfiehl|"
    r"korrigier|fass|formulier)(?:e|t)? (?:mich|mir|uns|ihm|ihr|ihnen|ihn|dir|es|sie)\b|"
    rf"(?:{_TO_SAY})(?:e|t)? (?-i:[A-ZÄÖÜ][\w-]+)\b)"
)  # de
_BEFORE_A_NAME = re.compile(
    r"^[^\w\s]*(?-i:[A-ZÀ-ÝА-Я])[^\W\d_]+['’]? (?:(?:a|à|aan|au|ao|al|o|os|la|le) )?[A-ZÀ-ÝА-Я][\w-]+,? (?:que|"
    r"qu['’]\w*|che|dass|dat|"
    r"de que|что|чтобы|weten dat)(?!\w)"
)  # `Préviens Wanda que`, `Avisa a Wanda de que`: who says something to somebody stands before that
_PUTS_A_NAME = re.compile(
    r"^[^\w\s]*(?!(?:Na|No|In|En|Im|El|La|Il|Le|Der|Die|Das|Frau|Herr|Don|Doña|Dona|San|Saint|"
    r"Santa)\b)[A-ZÀ-Ý][^\W\d_]{1,10} (?:a "
    r")?[A-ZÀ-Ý][\w-]+ (?:en|in|como|comme|come|em) (?!\w+ (?:\w+ )?(?:es|est|è|é|tiene|vive|a|ha)\b)[a-z]"
)  # `Metti Odalys in copia`
_LET = re.compile(
    r"(?i)^\W*(?:пусть|пускай|haz que|fais (?:en sorte )?que|fa(?:i)? (?:in modo )?che|faz com que|zorg dat|sorg "
    r"dafür)(?!\w)|^\W*让|"
    r"(?i:^\W*(?-i:[A-ZÄÖÜ]\w+) soll(?:te|en|ten)?\b)"
)
_ENDED = re.compile(
    r"(?i)^[^\w\s]*(?:(?!chez|assez)[^\W\d_]{3,}ez (?:à|au|aux|le|la|les|l['’]\w+|une?|que|pas|toujours|"
    r"jamais|bien|ce|"
    r"cette|mon|ma|mes|votre|vos|leur|tout|comme|sur)\b|[а-яё]{2,}(?:йте|ите|ьте)(?:сь)?(?!\w))"
)  # fr, ru
_EAST = re.compile(
    r"^\W*(?:(?:请|麻烦)?(?:提醒|通知|叫醒|教|陪|替|帮|告诉)(?:我(?!们?的)|一下|[\u4e00-\u9fff]{2,4}(?:说|，))|"
    r"(?:别忘了|不要|务必|千万)[\u4e00-\u9fff])|"
    r"(?:お願いします|お願い|てくれ|ておいて|てちょうだい|てほしい(?:です)?|て欲しい(?:です)?)[。！!\s]*$|"
    r"(?:伝え|教え|言っ|書い|送っ|見せ|訳し|答え|調べ|説明し|要約し|作っ|直し|呼ん|考え|まとめ|続け|やめ|"
    r"覚え)て(?:ね|よ)?[。！!\s]*$"
)  # zh, ja
_PLAY = re.compile(
    r"(?i)\brole-?play\b|\bstay in character\b|^\W*(?:(?:now|today|please|let['’]s|i(?:['’]d| would)? (?:want|like|"
    r"need) "
    r"you to|you(?:['’]ll| will|['’]re going to| should| must)(?: be)?),? )*(?:act(?:ing)? (?:as|like)|"
    r"pretend(?:ing)? (?:to "
    r"be|you|that|i)|play(?:ing)? (?:the (?:role|part)|my|captain|doctor|king|queen)|be my (?:\w+ )?(?:interviewer|"
    r"tutor|"
    r"teacher|coach|therapist|guide|editor|opponent|partner)|(?:assume|imagine|suppose) (?:that )?(?:you|the "
    r"user|i am|"
    r"i['’]m)|assume the role)\b|"
    r"^\W*in this (?:scenario|story|game|scene|exercise|simulation)\b|"
    r"^\W*(?:spiele? (?:die rolle|mein)|stell dir vor,? du|(?:tu incarnes|vous incarnez)|jouez? le rôle|"
    r"imagine que tu|"
    r"actúa como|haz de|imagina que eres|fai finta|immagina di essere|finge que|aja como|speel de rol|doe "
    r"alsof|сыграй|"
    r"представь, что ты|притворись|действуй как)\b|^\W*(?:扮演|假装|假设你)"
)


_PLAYS = re.compile(
    r"^\W*(?i:interpret[ae]|speel|joue|jouez|incarne|incarnez|spiele?|recita|represent[ae]|encarn[ae]|fai|haz de|"
    r"haz como si fueras|fais comme si tu étais|fa['’] finta di essere|finge que és|doe alsof je|tu so,? als "
    r"(?:wärst|seist) du|"
    r"изобрази|изображай|сыграй|играй|веди себя как|будь)\s(?:(?i:le|la|el|il|lo|o|a|de|het|den|die|der|un|"
    r"una|een|ein|einen|"
    r"une|um|uma|opa|oma|zio|zia|nonno|nonna|tío|tía|tonton|onkel|tante|как|роль)\s){0,2}[^\W\d_a-zа-яёà-ÿ]"
)


def asks_by_form(line: str) -> bool:
    """Return whether a line that is not English begins, or ends, as only a request does."""
    return any(pattern.search(line) for pattern in (_BOUND, _PUTS_A_NAME, _LET, _BESIDE, _BEFORE_A_NAME, _ENDED, _EAST))


def begins_a_play(sentence: str) -> bool:
    """Return whether a sentence wants the listener to play somebody, or tells where a made-up story begins."""
    return _PLAY.search(sentence) is not None or _PLAYS.search(sentence) is not None
