"""Lines of small talk: thanks, wishes and goodbyes with clauses beside them that speak of nothing but these.

English, and in a dozen other languages clauses that are a greeting or a wish as a whole (`Miłego dnia`). A clause
is a courtesy (`have a lovely weekend`, `talk to you later`), an interjection (`Ha`, `Okay`), or says of a bare `that`
or `it` how it was; a line of courtesies, names and such clauses alone says nothing of the world.
"""

from __future__ import annotations

import re

from memagent.gate.wishes import is_about_the_listener, is_wish

_CLAUSES = re.compile(r"[,;!.…–—]+\s+|[、，。！]+|\s+and (?=(?:have|see|talk|take|good|thank|say|give)\b)")
_COURTESY = re.compile(
    r"(?i)^\W*(?:(?:and|so|but|well|again|anyway)\s+)*(?:(?:many |so many |a thousand |big |huge )?thanks?\b|thank "
    r"you\b|thx\b|ta\b|"
    r"cheers\b|much obliged|bye(?:[- ]bye)?\b|goodbye\b|farewell\b|good (?:morning|afternoon|evening|night|day|luck|"
    r"job|work)\b|"
    r"have fun\b|safe (?:travels|trip|journey|flight)\b|(?:have|enjoy) (?:a|an|your|the)\b.{0,20}\b(?:day|evening|"
    r"night|morning|afternoon|week|weekend|time|one|trip|"
    r"holidays?|rest|"
    r"lunch|dinner)\b|(?:see|catch|talk to|speak to|hear from) (?:you|ya)\b|(?:talk|speak|more) (?:soon|later|"
    r"tomorrow)\b|"
    r"take care\b|night[- ]night|sleep (?:well|tight)\b|sweet dreams\b|(?:until|till) (?:tomorrow|then|next|later|"
    r"monday|tuesday|"
    r"wednesday|thursday|"
    r"friday|saturday|sunday)\b|(?:happy|merry) (?:new|birthday|christmas|easter|holidays?|anniversary|friday|"
    r"monday|weekend)\b|"
    r"(?:all the )?best (?:wishes|regards)\b|say (?:hi|hello) to\b|give my (?:love|regards)\b|(?:\w+ "
    r"){1,3}(?:says?|said) (?:hi|hello|hey|thanks|thank you|goodbye|bye)\W*$|(?:\w+ ){1,4}sends? "
    r"(?:\w+ )?(?:love|"
    r"regards|greetings|best)\b|(?:pleased|delighted|honou?red|lovely|nice|great) to (?:make|meet|see|have)\b|"
    r"(?:hi|hello|hey|howdy|hiya|yo|morning|evening|welcome|congratulations|congrats|well "
    r"done)\b(?!\W+i\b))"
)
_ELSEWHERE = re.compile(
    r"(?i)^\W*(?:(?:guten? (?:morgen|tag|abend|nacht)|schöne[nsr]? (?:\w+)(?: noch)?|alles gute|bon(?:jour|soir)|"
    r"bonne \w+|comment (?:ça )?va\b.*|bu[eo]n[oa]s? \w+|que tengas un \w+ \w+|qué tal|buona? \w+|tanti auguri|"
    r"(?:tenha um )?b[oô][am] \w+|tudo bem|добр\w+ (?:день|вечер|утро|ночи)|хорошего \w+|всего (?:доброго|хорошего)|"
    r"как дела|dzień dobry|dobry wieczór|miłego \w+|wszystkiego najlepszego|do (?:widzenia|zobaczenia)|"
    r"[iİ]yi \w+|trevlig \w+|"
    r"(?:hej|hei|coucou|hoi|hallo|buongiorno|buonasera|bonjour|bonsoir|grüß gott|moin|servus|merhaba|günaydın|"
    r"cześć|dziękuję|ciao|hola|salut|"
    r"hallo|olá|oi|привет|спасибо)(?:\s\w+){0,2}|(?:freut mich|sehr erfreut|enchantée?|ravie? de|piacere|"
    r"encantad[oa]|mucho gusto|prazer|aangenaam|очень приятно)"
    r"(?:\s\w+){0,3}|god \w+|ha en bra \w+|fijne \w+|hyvää \w+|dobr[ýé] \w+|hezký den)\W*|"
    r"(?:(?:今日|明日|本日|これから|今後|今年)も?)?(?:どうぞ)?(?:おはよう|こんにちは|こんばんは|おやすみ|ありがとう|"
    r"よろしく|お疲れ|お世話になって)[\u3040-\u30ff願様致]{0,12}|(?:你|您|大家)好|(?:早上|下午|晚上)好|晚安|再见|谢谢(?:你|您|大家)?|"
    r"안녕\S*|감사합니다|고맙습니다|좋은 하루\S*)\W*$"
)
_CALLED = re.compile(
    r"^\W*(?:(?i:dear|little|sweet|old|hier ist|hier spricht|hier is|ici|aquí|qui|aqui|c['’]est|это|здесь|from|hey|"
    r"herr|frau|madame|monsieur|señora?|signora?|senhora?|panie|pani|pan|bay|bayan|господин|госпожа)\s+)?"
    r"(?:[^\W\d_a-z][\w'’-]+(?:\s[^\W\d_a-z][\w'’-]+)?|\w{1,6}(?:さん|様|ちゃん|くん|先生|님|씨))\W*$"
)
_SAYS_MORE = re.compile(
    r"(?i)\b(?:i'm|i am|my|i live|i work)\b|^\W*thanks to\b|"
    r"^\W*(?!have|hope)\w+\b(?! (?:you|so|for)\b).*\s(?:is|are|was|were|has|had|will|works|lives|got)\s"
)
_EMPTY = re.compile(
    r"(?i)^\W*(?:(?:ha|haha\w*|hah|heh|lol|oh|ah|aw+|wow|yay|yes|yeah|yep|no|nope|ok|okay|sure|right|great|nice|"
    r"cool|perfect|"
    r"wonderful|fantastic|brilliant|excellent|awesome|amazing|lovely|super|sorry|well|so|anyway|please|dear|my "
    r"friend|mate|pal|buddy|bro|dude|folks|guys|"
    r"everyone|all|again|always|really|totally|absolutely|exactly|then|of course|no worries|no problem)\W*)*$"
)
_SIGNED = re.compile(
    r"(?i)^\W*(?:(?:all the |very )?best|(?:kind |best |warm )?regards|cheers|yours|love|sincerely|lg|vg|mfg|"
    r"cordialement|"
    r"saludos|saluti|abraços|groet(?:en|jes)|с уважением),\s+(?-i:[^\W\d_a-zа-яё])"
)  # and a name, and what he is
_VERB = re.compile(r"(?i)\b(?:is|are|was|were|has|have|had|lives|works|moved|\w+ed)\b")
_FEW = 4  # words of a name or an office
_OF_IT = re.compile(
    r"(?i)^\W*(?:(?:and|but|so|oh|well)\s+)?(?:that|that's|this|this's|it|it's|you|you're|you've|what|how|hope|"
    r"glad)\b|^\W*(?:exactly|just) (?:what|how|that|it)\b"
)


def is_courtesy(text: str) -> bool:
    """Return whether every clause of a line is a courtesy, an interjection, a name, or about a bare `that` or `it`.

    One of them must be a courtesy, or all must be interjections.
    """
    clauses = [clause for clause in _CLAUSES.split(text) if re.search(r"\w", clause)]
    if not clauses:
        return False
    if _SIGNED.match(text) and not _VERB.search(text) and all(len(clause.split()) <= _FEW for clause in clauses):
        return True
    courteous = [_COURTESY.search(clause) is not None and not _says_more(clause) for clause in clauses]
    courteous = [
        one or _ELSEWHERE.match(clause) is not None or is_wish(clause) or is_about_the_listener(clause)
        for one, clause in zip(courteous, clauses, strict=True)
    ]
    empty = [_EMPTY.fullmatch(clause) is not None for clause in clauses]
    rest = [clause for clause, one, other in zip(clauses, courteous, empty, strict=True) if not (one or other)]
    if not rest:
        return True
    return any(courteous) and all(_OF_IT.search(clause) or _CALLED.match(clause) for clause in rest)


def _says_more(clause: str) -> bool:
    """Whether a clause that begins as a courtesy is one of who says it, as `thanks to a scholarship, Amir` is."""
    return _SAYS_MORE.search(clause) is not None
