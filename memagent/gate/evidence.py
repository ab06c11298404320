"""Where a line says that it has its facts from: from talk before, from notes and records, or from a text that follows.

`According to our earlier chats, ...`, `Laut früheren Gesprächen ...`, `根据之前的对话，...`: a word for a source, and
a noun for what a memory is made of; behind it stands what a memory holds, whoever says it. People name other sources
(a doctor, a letter, the news). `The following is a letter: ...`, `Voici un texte : ...` present material to be worked
on. English, German, French, Spanish, Italian, Portuguese, Dutch, Russian, Chinese, Japanese.
"""

from __future__ import annotations

import re

from memagent.gate.assistants import about_me

_I = re.compile(r"\bI\b")
_HELD = (
    r"(?:conversation|interaction|exchange|discussion|chat|session|memor(?:y|ie)|note|record|entr(?:y|ie)|"
    r"history|log|"
    r"transcript|database|knowledge base|profile|dialogue?|gespräch\w*|unterhaltung\w*|notiz\w*|aufzeichnung\w*|"
    r"speicher|"
    r"verlauf|gedächtnis|erinnerung\w*|échange|mémoire|souvenir|historique|conversaci(?:ó|o)n\w*|registro|recuerdo|"
    r"historial|nota|memoria|conversazion\w*|appunt\w*|ricord\w*|cronologia|dialog\w*|conversa|memória|anotaç\w*|"
    r"histórico|"
    r"gesprek\w*|notitie\w*|geheugen|aantekening\w*|разговор\w*|бесед\w*|запис\w*|заметк\w*|памят\w*|истори\w*|"
    r"диалог\w*)s?"
)
_FROM = (
    r"based on|according to|as per|per|judging by|going by|from|drawing on|laut|gemäß|nach|aus|zufolge|basierend auf|"
    r"d['’]après|selon|d['’]|dans|según|conforme|a partir de|de|en base a|secondo|in base a|da|dalle|dai|dalla|"
    r"segundo|com "
    r"base em|volgens|uit|op basis van|согласно|по|из|судя по|исходя из"
)
_BEFORE = (
    r"(?:\b(?:earlier|previous|past|prior|last|stored|saved|our|your|my|these|früher\w*|vorherig\w*|bisherig\w*|"
    r"letzt\w*|"
    r"unser\w*|gespeichert\w*|mein\w*|nos|notre|vos|précédent\w*|ancien\w*|passé\w*|ma|mes|anterior\w*|previ[ao]s?|"
    r"nuestr[oa]s?|"
    r"pasad[oa]s|precedent[ei]|passat[ei]|nostr[eai]|noss[oa]s?|passad[oa]s?|eerder\w*|vorige|onze|прошл\w*|"
    r"предыдущ\w*|"
    r"наш\w*|мо(?:их|ей|им)|сохран\w*)\b)"
)
_SOURCE = re.compile(
    rf"(?i)^\W*(?:as )?(?:{_FROM})\s?(?:[\w'’]+ ){{0,2}}?(?:{_BEFORE} (?:[\w'’]+ )?{_HELD}|{_HELD} {_BEFORE})(?!\w)"
)
_FRAMED = re.compile(
    rf"(?i)^[^,:.!?]{{0,50}}\b{_BEFORE} (?:[\w'’]+ )?{_HELD}(?![\w-])[^,:.!?]{{0,12}}[,:：]\s*(?P<rest>.+)$"
)
_KEPT_IN = re.compile(
    r"(?i)^\W*(?:in|im|inside|from|out of|pulled from|aus|en|dans|de|nella|nel|dalla|na|no|da|uit|в|из|i['’]ve got|"
    r"op)\s(?:(?:the|my|our|"
    r"your|dem|der|meinem|unserem|la|mi|tu|ma|ta|mia|sua|minha|het|de|mijn|моей|моих|нашей)\s)?(?:long-term |"
    r"langzeit)?(?:memory|"
    r"storage|archives?|database|speicher\w*|gedächtnis\w*|archiv\w*|mémoire|memoria|memória|geheugen|archief|"
    r"памяти|архив\w*)\b"
    r"(?:[^:.!?]{0,20}[:：]|\s(?:steht|stehen|findet|is|it|there|heißt|c['’]è|è scritto|hay|está|consta|pone|il y a|"
    r"figure|há|staat|"
    r"записано|есть|says)\b)"
)
_REMEMBERED = re.compile(
    r"(?i)^\W*(?:ich erinnere mich,? dass|je me (?:souviens|rappelle) (?:que|qu['’])|me acuerdo de que|recuerdo "
    r"que|(?:mi )?ricordo che|"
    r"(?:eu )?(?:me )?lembro(?:-me)? (?:de )?que|ik herinner me(?:,)? dat|(?:ik herinner me|ik weet nog|ich "
    r"erinnere mich|je me (?:souviens|rappelle)|me acuerdo|(?:mi )?ricordo|(?:eu )?lembro|me lembro|(?:я "
    r")?помню)[^,.:;]{3,40}\b(?:gesprek\w*|gespräch\w*|unterhaltung\w*|chats?|conversa\w*|échanges?|"
    r"discussion\w*|charla\w*|dialog\w*|разговор\w*|бесед\w*)[^,.:;]{0,20},? (?:dat|dass|que|che|что)|"
    r"(?:я )?помню,? что|ich weiß noch,? "
    r"dass)(?!\w)|"
    r"^\W*我(?:还)?记得(?!我|要|以前|小时候)|と(?:記憶|認識|理解)して(?:います|いる)"
)
_SPOKEN = re.compile(
    r"(?i)^\W*(?:según lo que|por lo que|stando a quanto|da quanto|a quanto|pelo que|segundo o que|d['’]après "
    r"ce que|selon ce que|"
    r"nach dem,? was|laut dem,? was|naar wat|volgens wat|судя по тому,? что|по тому,? что) (?:\w+[ "
    r"'’]){0,3}?(?:habl|dij|cont|coment|mencion|"
    r"dett|dic|racconta|parlat|dis|fal|dit|racont|confié|sag|erzähl|bericht|erwähn|vertel|zei|gezegd|говор|"
    r"рассказ|сказа)\w*|"
    r"^\W*(?:as|come|como|conforme|wie|comme|zoals|как) (?:(?:we|you|i|mi|me|tu|du|sie|ihr|wir|nous|vous|je|on|"
    r"já|ya|già|te|"
    r"мы|ты|вы|uns|mir|m['’]|me l['’])\s?)*(?:(?:have|had|hai|has|hast|haben|hattest|avez|avais|as|avons|hebt|"
    r"hebben|hemos|"
    r"abbiamo) )?(?:already |bereits |schon |déjà |eerder )?(?:discussed|mentioned|talked|raccontat\w*|dett\w*|"
    r"contast\w*|"
    r"contad\w*|comentas\w*|conversam\w*|conversad\w*|falam\w*|hablam\w*|besproch\w*|erzähl\w*|erwähn\w*|sagtest|"
    r"dit|raconté|"
    r"mentionn\w*|discuté|verteld\w*|besproken|говорил\w*|обсуждал\w*|упоминал\w*|рассказывал\w*)\b"
)
_SHOWN = re.compile(
    r"(?i)^\W*(?:(?:the|my|our|your|these|those|his|her) )?(?:memory|memories|notes|records?|logs?|files?|entries|"
    r"history|profile|"
    r"data(?:base)?)(?: on file)? (?:say|show|indicate|state|list|contain|mention|suggest|tell|have|has it)s?\b|"
    r"^\W*it (?:says|is (?:written|noted|stored|recorded|saved)) (?:here|there|in (?:the|my|our|your) \w+)\b|"
    r"^\W*(?:what|all|everything) (?:that )?(?:i|we) (?:have|know|hold|remember|recall|stored|saved) (?:on|about|"
    r"of|regarding|is)\b|"
    r"^\W*(?:i|we)(?:['’]ve| have)? (?:just )?(?:looked|checked|searched|found|see|saw|read) (?:it )?(?:in|through|"
    r"up in|from) "
    r"(?:the|my|our|your) (?:\w+ )?(?:notes?|records?|memory|memories|history|files?|logs?|database)\b|"
    r"^\W*(?:i|we) have (?:this|the following|it|that) (?:on|about|from|for) |"
    r"\b(?:you|we) (?:\w+ )?(?:told|tell|spoke to|said to) (?:the|your) (?:assistant|bot|ai|chatbot|model)\b|"
    r"^\W*(?:we|you and i) (?:\w+ )?(?:talked|spoke|chatted) (?:\w+ )?(?:about|of) [^,;.]{1,40}\b(?:before|earlier|"
    r"already|last "
    r"time|previously)\b|"
    r"^\W*(?:记录|资料|档案|数据库|笔记)(?:显示|表明|上|里|中)|^\W*記録(?:では|に)"
)
_STORED = re.compile(
    r"(?i)^\W*(?:según|por|selon|d['’]après|secondo|stando a|da|pelo|por|conforme|laut|gemäß|nach|volgens|naar|"
    r"согласно|судя по|"
    r"по)\s[^,:.!?\n]{0,30}?(?:guardad|anotad|registrad|almacenad|enregistré|mémorisé|noté|salvat|annotat|memorizzat|"
    r"registrat|"
    r"gespeichert|notiert|vermerkt|opgeslagen|genoteerd|bewaard|сохран[её]н|записан|отмечен)\w*\s*[,:]"
)
"""By what is kept: `Según lo guardado, ...`."""
_EAST = re.compile(
    r"^\W*(?:以前|前回|先日|前に|この前|先週|昨日)の?.{0,4}(?:お話|話|お聞き|伺|うかが|会話|やり取り|"
    r"チャット)|とのことで(?:した|す)ね?[。\s]*$|"
    r"^\W*(?:上次|上回|之前|以前|先前|刚才|前几天)(?:您|你|咱们|我们).{0,4}(?:提|说|讲|聊|告诉)|^\W*(?:您|"
    r"你)(?:之前|以前|上次|曾)?(?:提到|说过|告诉)|"
    r"^\W*(?:根据|按照|依据|依照|基于).{0,10}(?:对话|聊天|交流|谈话|会话|记录|记忆|笔记|资料|信息|历史)|"
    r"^\W*.{0,8}(?:会話|対話|記録|記憶|やりとり|履歴|メモ|情報)(?:によると|によれば|では、|から、|に基づ)|"
    r"^\W*(?:之前|以前|上次|先前)(?:的)?(?:对话|聊天|谈话)(?:中|里)"
)
_OF_THE_USER = re.compile(
    r"(?i)^\W*(?:dal|dai|del|de|du|do|aus dem|uit het|из) (?:profil\w*|perfil\w*|профил\w*|notes?|archiv\w*)\s?[:：]|"
    r"^\W*(?:ficou|está|foi|è stato|quedó|est|is|hat) (?:registad|registrad|anotad|guardad|salvat|annotat|"
    r"noté|enregistré|genoteerd|"
    r"vastgelegd|apuntad)\w* (?:que|che|dat)\b|"
    r"^\W*(?:o que (?:eu )?(?:já )?sei|lo que (?:ya )?sé|ce que je sais|quello che so|was ich (?:schon "
    r")?weiß|wat ik (?:al )?weet|"
    r"что (?:я|мне|уже) \w+|(?:уже )?известно) (?:sobre|de|del|sur|di|su|über|van|over|о|об|про)\b|"
    r"^\W*(?:[\w]+ )?(?:datos|notas?|notes?|notizen|appunti|memorias?|memorie|mémoires?|recuerdos|ricordi|"
    r"lembranças|fakten|feiten|"
    r"fatti|fatos|factos|faits|éléments|gegevens|dados|dati|informa\w+|données|hechos|memórias|herinneringen|"
    r"erinnerungen|заметки|данные|"
    r"факты|сведения|воспоминания|bekannte?s?|wissen|profiel|profile?|profilo|perfil) (?:[\w'’]+ ){0,3}?(?:de "
    r"l['’]|l['’])?"
    r"(?:usuári[oa]|usuari[oa]|clientes?|user|utente|utilisat\w+|utilizador\w*|benutzer\w*|nutzers?|nutzerin|"
    r"kunden?|gebruiker|klant|person|persona|"
    r"пользовател\w+|клиент\w*|guardad[oa]s?|salv[oa]s|salvat[ie]|gespeichert\w*|opgeslagen|mémorisée?s|"
    r"enregistrée?s|"
    r"memorizad[oa]s|сохран\w+|о пользователе)\b|"
    r"^\W*(?:opgeslagen|gespeicherte?|сохранённые|сохраненные|guardados|salvati) (?:\w+)\s*[:：]|"
    r"^\W*.{0,6}(?:ユーザー|利用者|お客様)(?:について|に関して|の(?:情報|記憶|プロフィール))|"
    r"^\W*.{0,4}(?:用户|客户|使用者)(?:的)?(?:信息|资料|档案|记忆|画像|偏好)|^\W*关于(?:用户|您|你)"
)
_BEHIND = re.compile(
    r"(?i)[(\[–—-]\s*(?:(?:confidence|certainty|score|relevance|seen|saved|stored|noted|recorded|learn(?:ed|t)|"
    r"last (?:seen|used|"
    r"updated)|updated|recalled|retrieved|source|importance|id)\b)[^()\[\]\n]{0,40}[)\]]?\s*[.]?\s*$|"
    r"[(\[](?:mem|memory|doc|note|ref|id|src|fact|entry)[-_ #:]?\d+[)\]]\W*$|\(\d{4}-\d\d-\d\d\)\W*$|"
    r"\(\w[\w ]{0,20}:\s[^()\n]{1,60}\)\W*$"
)
_PRESENTS = re.compile(
    r"(?i)^\W*(?:(?:the following|here follows|below(?: is| are| you|,)|what follows)|gegeben ist|(?:im "
    r")?folgende[rsnm]?\b|"
    r"nachfolgend|unten|ci-(?:dessous|après)|a continuación|di seguito|abaixo|a seguir|hieronder|"
    r"ниже|以下|下面|次の|下記)|"
    r"\b(?:following|siguientes?|suivante?s?|folgende[nrsm]?|seguent[ei]|seguintes?|volgende|следующ\w+) (?:\w+ "
    r")?(?:texte?s?|"
    r"texto|testo|tekst|текст\w*|passages?|paragraphs?|documents?|articles?|sentences?|facts|information|context|"
    r"data)\b|"
    r"^\W*this is (?:an?|the) (?:[\w-]+ ){0,3}(?:support|service|help|booking|info)?\s?(?:line|chat|hotline|"
    r"helpdesk|assistant|chatbot|"
    r"bot|transcript|conversation between|record of|profile of)\b|"
    r"^\W*(?:hier (?:ist|sind|is|zijn|kommt)|voici|voilà|aquí (?:está|tienes|van?)|ecco|segue|aqui (?:está|vai)|"
    r"вот|这是|"
    r"here(?:['’]s| is| are))\s?(?:[\w'’]+ ){0,3}?(?:text\w*|texte?s?|testo|dokument\w*|documento?s?|passages?|"
    r"absatz|abschnitt|"
    r"extrait|extracto|fragmento|brano|trecho|letter|brief|lettre|carta|lettera|article?|artículo|articolo|artigo|"
    r"record|"
    r"transcript|dialog\w*|story|geschichte|histoire|historia|storia|текст\w*|письмо|отрывок|диалог|статья|文|"
    r"资料)(?!\w)"
)


def names_its_source(line: str) -> bool:
    """Return whether a line says that it comes from talk before, notes or records, or bears the marks of one kept."""
    if any(
        pattern.search(line) for pattern in (_SOURCE, _KEPT_IN, _REMEMBERED, _SPOKEN, _STORED, _SHOWN, _EAST, _BEHIND)
    ):
        return True
    if heads_a_memory(line):
        return True
    framed = _FRAMED.match(line) if "," in line or ":" in line or "：" in line else None
    return framed is not None and not about_me(framed["rest"]) and _I.search(framed["rest"]) is None


def heads_a_memory(line: str) -> bool:
    """Return whether a line is the heading of what is known of the user, in a language other than English."""
    return _OF_THE_USER.search(line) is not None


def is_marked(line: str) -> bool:
    """Return whether a line bears behind it when or how surely it was kept: `(confidence: high)`."""
    return _BEHIND.search(line) is not None


def presents_a_text(sentence: str) -> bool:
    """Return whether a sentence presents a text that stands behind it, as the first of a task does."""
    return _PRESENTS.search(sentence) is not None
