"""Lines that greet, thank or take leave, with a name behind at most, and how letters close, in many languages."""

from __future__ import annotations

import re

_GREETINGS = (
    "hello|hi|hey|morning|evening|hiya|howdy|greetings|good (?:morning|afternoon|evening|night|day)|welcome(?: "
    "back)?|thanks|thank you|"
    "thx|cheers|bye|goodbye|good bye|see you|take care|(?:nice|good|great|lovely) to (?:meet|see|hear from) you|"
    "pleased to meet you|have a "
    "(?:nice|good|"
    "great)|how are you|you're welcome|no problem|sure|ok|okay|great|yes|no|sorry|congratulations|well done|"
    "much appreciated|happy birthday|(?:warm(?:est)?|kind|best|with best) regards|regards|(?:all the |very )?best(?: "
    "wishes)?|lots of love|love from|yours (?:sincerely|truly|faithfully)|sincerely|(?:i )?hope (?:you|all|that you)|"
    "mit freundlichen grüßen|(?:viele|liebe|beste) grüße|cordialement|bien à vous|saludos|un abrazo|cordiali saluti|"
    "с уважением|"
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
_OWING = re.compile(r"(?i)^\W*thanks to (?!you\b|all\b|every)\w+(?:\s\S+){3,}")  # somebody, and what came of it
_CLOSING = re.compile(
    r"(?i)^\W*(?:(?:warm(?:est)?|kind|best|with best|kindest) regards|regards|best wishes|all the best|lots of love|"
    r"cheers from|love from|yours (?:sincerely|truly|faithfully)|sincerely|mit freundlichen grüßen|(?:viele|"
    r"liebe|beste) "
    r"grüße|cordialement|cordiali saluti|saludos|с уважением)\b|^\W*(?:i )?hop(?:e|ing) .{0,60}\b(?:well|fine|"
    r"better)\b|"
    r"^\W*(?:it was |was |so )?(?:wonderful|lovely|nice|great|good|a pleasure|fun|pleased) "
    r"(?:to (?:meet|see|hear|talk)|(?:meet|see|hear|talk|chatt|speak|catch)ing)\b"
)
_SAYS_MORE = re.compile(
    r"[,!.…~]\s*(?!(?:how|what|nice|and|see|good|have|that|it|this|you)\b)\S+\s+\S+\s+\S+", re.IGNORECASE
)
_EAST = re.compile(
    r"^\W*(?:你好|您好|早上好|晚上好|谢谢|感谢|再见|こんにちは|こんばんは|おはよう|ありがとう|さようなら|안녕|"
    r"감사합니다|고마워)"
)
_INTRODUCED = re.compile(r"(?i)\b(?:i'?m|i am|my|this is|i live|i work|we|is|ich|je|yo|soy|sono|sou|меня|я)\b")

_TO_YOU = re.compile(r"(?i)\b(?:you|your)\b")
_CLOSING_WORDS = 4


def closes(line: str) -> bool:
    """Return whether a line has the words that a letter is closed with, or a wish to hear from somebody."""
    return _CLOSING.search(line) is not None


def is_closing(line: str) -> bool:
    """Return whether a line is the closing of a letter, behind which stands who wrote it."""
    return len(line.split()) <= _CLOSING_WORDS and _CLOSING.search(line) is not None


def is_greeting(text: str) -> bool:
    """Return whether a line is a greeting with a name behind it at most.

    Who introduces themselves in the same breath says something.
    """
    if _EAST.match(text):
        return len(text) <= 12
    found = _GREETED.match(text)
    if found is None or _OWING.match(text):
        return False
    rest = found["rest"]
    few = len(rest.split()) <= 8 and not re.search(r"\d", rest)
    called = few and len(rest.split()) <= 4 and text.endswith("!") and not _SAYS_MORE.search(rest)
    bare = called or len(rest.split()) <= 1
    if _TO_YOU.search(rest) and not _INTRODUCED.search(rest):
        return True
    said = _INTRODUCED.search(rest) or _SAYS_MORE.search(rest)
    return bare or (few and not said and _TO_SOMEBODY.match(rest) is not None)
