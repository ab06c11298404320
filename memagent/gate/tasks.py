"""Whether a message begins with a task on a text, or with something to be made up, in nine languages besides English.

`Korrigiere diesen Satz: ...`, `Passa esta frase para o futuro: ...`, `把下面这句改成被动句：...`: what stands
behind the colon or in quotation marks is the material of the task, and nobody's own words. `Придумай сказку про
...`, `Invente une fable où ...`: what is told up to the end of the sentence belongs to what is made up. A request
without either (`Schreib mir eine Karte`) is left to the rules of requests: what is told beside it may be so.
"""

from __future__ import annotations

import re

_WORKS = re.compile(
    r"(?i)^\W*(?:(?:bitte|por favor|per favore|s['’]il (?:te|vous) plaît|alsjeblieft|пожалуйста),?\s+)?(?:"
    r"(?:kürze?|korrigier|übersetz|vereinfach|zähle?|ersetze?|streiche?|markier|unterstreich|setze?|verwandl|ergänz|"
    r"verbesser|analysier|bestimme?|formulier|wandle?|forme?|bilde?|finde)(?:e|en sie)?|"
    r"(?:mets|mettez|corrig|tradui|reformul|résum|repèr|compt|soulign|remplac|complèt|conjugu|transform|simplifi|relèv|"
    r"analys|abrèg|recopi)(?:e|es|ez|s|sez)?|"
    r"pon(?:ga)?|corrig[ea]|corrija|traduc[ei]|traduz(?:a|ca)?|reescrib[ea]|resum[ea]|subray[ae]|sustituy[ea]|"
    r"complet[ae]|conjug[ae]|"
    r"transform[ae]|simplific[ae]|analiz[ae]|pas[ae]|cuent[ae]|acort[ae]|orden[ae]|identific[ae]|"
    r"togli|correggi|traduci|riscrivi|riassumi|conta|sottolinea|sostituisci|completa|coniuga|trasforma|semplifica|"
    r"volgi|"
    r"metti|analizza|accorcia|elenca|"
    r"traduz|reescrev[ea]|sublinh[ae]|substitu[ia]|analis[ae]|pass[ae]|cont[ae]|encurt[ae]|põe|ponha|"
    r"zet|corrigeer|verbeter|vertaal|herschrijf|tel|onderstreep|vervang|vul|vervoeg|vereenvoudig|haal|analyseer|"
    r"verkort|"
    r"(?:исправь|поставь|убери|переведи|перепиши|сократи|перескажи|допиши|продолжи|посчитай|найди|замени|вставь|"
    r"подчеркни|преобразуй|разбери|выдели|определи|раскрой|проверь)(?:те)?)\s(?-i:(?=[^\W\dA-ZÀ-ÝА-Я]))[^:：\n]{2,80}"
    r"(?:[:：]|[«„“\"»])"
)
_GENRES = (
    r"gedicht\w*|\w+gedicht|verhaal\w*|sprookje|liedje|rap|limerick|haiku|sonnet|sonett|ballade?|märchen|geschichte|"
    r"fabel|"
    r"witz|sketch|poème|conte|fable|histoire|sonnet|chanson|nouvelle|poema|cuento|fábula|historia|chiste|soneto|"
    r"canción|relato|"
    r"microrrelato|poesia|storia|favola|fiaba|filastrocca|racconto|canzone|barzelletta|história|conto|fábula|piada|"
    r"canção|"
    r"стих\w*|сказк\w+|рассказ\w*|басн\w+|истори\w+|анекдот\w*|поэм\w+"
)
_WRITES = re.compile(
    r"(?i)^\W*(?:(?:bitte|por favor|per favore|s['’]il (?:te|vous) plaît|alsjeblieft|пожалуйста),?\s+)?(?:schreibe?|"
    r"schrijf|"
    r"maak|écri[st]|écrivez|raconte|escribe|escreva|escreve|scrivi|напиши(?:те)?|расскажи(?:те)?|erzähle?|vertel|"
    r"cuenta|conta|"
    rf"racconta|faça|fais|haz|fai|mach)(?:me|mi|-moi)?\s(?:[^\W\d_]+\s){{0,4}}?(?:{_GENRES})(?!\w)"
)
_INVENTS = re.compile(
    r"(?i)^\W*(?:(?:bitte|por favor|per favore|s['’]il (?:te|vous) plaît|alsjeblieft|пожалуйста),?\s+)?(?:"
    r"(?:denke? dir|erfinde?|dichte?|reime?|ersinne?)\s|"
    r"(?:invente|imagine|compose|crée|rédige)[sz]?\s(?:une?|des|moi|l['’])|"
    r"(?:inventa|invente|imagina|imagine|compón|compõe|componi|immagina|crea|cria|crie|redacta|narra|improvisa|"
    r"improvisa)"
    r"(?:me|nos|mi|ci)?\s(?:una?|um|uma|un['’]|unos|unas|uns|umas|otr[oa]|outr[oa])(?!\w)|"
    r"(?:bedenk|verzin|dicht|fantaseer)\s(?:een|iets|wat|mij|me)\s|"
    r"(?:придумай|сочини|составь|выдумай|нафантазируй)(?:те)?\s|"
    r"(?:cuént|cont|raccont)[ae](?:me|mi)\s(?:un|una)\s(?:chiste|cuento|storia|barzelletta|piada|favola)\b)"
)
_EAST = re.compile(
    r"^\W*(?:请|請|麻烦|帮我|给我)?(?:[把将]?(?:下面|以下|下列|这|上面).{0,10}[改译翻换缩写]|(?:编|创作|虚构|杜撰)(?:一|个|首|段|篇)|"
    r"写(?:一|个|首|段|篇).{0,12}(?:故事|童话|诗|小说|寓言)|(?:续写|改写|缩写|翻译|润色|扩写|仿写|数一数|找出|概括).{0,14}[：:「“])|"
    r"(?:(?:次の|この|以下の|下の)(?:文|文章|段落).{0,24}(?:して|して下さい|してください|直して|抜き出して|訳して|数えて)|"
    r"(?:昔話|物語|童話|小説|詩|俳句|短歌|怪談|寓話|台本).{0,6}を?(?:作っ|書い|考え|創作し)て)|"
    r"[」』]を.{0,14}(?:訳し|直し|要約し|言い換え|書き換え|添削し|翻訳し)て"
)


def is_task(text: str) -> bool:
    """Return whether a line begins with a task whose material, or whose made-up content, is in it."""
    return any(pattern.search(text) is not None for pattern in (_WORKS, _INVENTS, _WRITES, _EAST))
