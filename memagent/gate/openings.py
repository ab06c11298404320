"""What stands before a statement without being part of it, in languages besides English: how people begin to tell.

`Übrigens: ...`, `Te cuento: ...`, `comunque la Samanta ...`, `короче Алёна ...`: a word that leads on from the talk
before, or says that something is to be told. Without it the statement begins with who does it, as others do. German,
French, Spanish, Italian, Portuguese, Dutch and Russian; English has its own in `statements`.
"""

from __future__ import annotations

import re

_BEFORE_A_COLON = re.compile(
    r"(?i)^\W*(?:übrigens|nebenbei|zur (?:info|erklärung|einordnung)|au fait|à propos|pour (?:info|ta gouverne)|por "
    r"cierto|a propósito|a proposito|tra l['’]altro|já agora|aliás|trouwens|overigens|ter info|кстати|между прочим|"
    r"для справки|(?:te|os|les?) (?:cuento|comento|aviso)|para que (?:sepas|sepan)|(?:ti|vi|le) (?:racconto|dico|"
    r"aggiorno|spiego)|per la cronaca|je (?:te|vous) (?:raconte|explique|dis)|(?:te|vos|lhe) (?:conto|digo|explico)|"
    r"ich (?:erzähle?|sage?|berichte?) (?:dir|euch|ihnen)(?: mal)?|ik (?:vertel|zeg) (?:je|jullie|u)(?: even)?|"
    r"(?:я )?(?:рассказываю|сообщаю|докладываю))\s?:\s+"
)
_WITHOUT_ONE = re.compile(
    r"(?i)^\W*(?:comunque|allora|insomma|dunque|praticamente|intanto|figurati(?: che)?|vabbè|raga(?:zzi)?|pues|total|"
    r"oye|en fin|o sea|resulta que|por cierto|chicos|gente|pessoal|galera|então|enfim|aliás|acontece que|bref|"
    r"enfin|alors|sinon|du coup|en fait|figure-toi que|au fait|naja|na ja|tja|leute|nou ja|nou|joh|короче(?: говоря)?|"
    r"кстати|в общем|так вот|"
    r"между прочим|ребят[аы]?)(?:,\s*|\s+)(?=\w)"
)
_WITH_A_COMMA = re.compile(
    r"(?i)^\W*(?:beh|boh|mah|cioè|senti|guarda|bueno|mira|nada|vaya|bom|bem|olha|bon|ben|bah|tiens|dis donc|voilà|"
    r"also|ach(?: ja| übrigens)?|jedenfalls|übrigens|nebenbei(?: bemerkt)?|trouwens|overigens|oh|ah|eh|hm+|goed|zeg|"
    r"enfin|ну|вот|да|ой|слушай|представляешь|значит|блин),\s*(?=\w)"
)


def without_opening(text: str) -> str:
    """Return a line without the words by which its teller begins; the line itself where it has none."""
    for pattern in (_BEFORE_A_COLON, _WITHOUT_ONE, _WITH_A_COMMA):
        if found := pattern.match(text):
            return text[found.end() :]
    return text
