"""Greetings and wishes that are led by their noun or verb, and ways to speak to the listener of nothing but the "
"listener.

`Saludos desde Lisboa`, `Tanti auguri a Jonas`, `Поздравляю Йонаса ...`: a word for a greeting with who it is for or
whence it comes, and no statement. In a dozen languages; what people say of greetings (`The greetings came late`) has
other words before.
"""

from __future__ import annotations

import re

_NOUN = (
    r"(?:good|guten?|bue?n[oa]?s?|bom|boa|buon[ao]?|bonne|goede|god|доброе|добрый) ?(?:morning|evening|night|"
    r"afternoon|day|morgen|abend|"
    r"tag|nacht|días|dias?|tardes?|noches?|noites?|giorno|sera|notte|jour|soir|nuit|avond|утро|вечер|день)|hello|"
    r"hallo|hola|olá|"
    r"bonjour|bonsoir|"
    r"greetings|regards|(?:much |lots of |all my |all our )?love|(?:big |a )?(?:hugs?|kiss(?:es)?)|(?:best |warm "
    r"|good )?wishes|cheers|congratulations|congrats|"
    r"(?:viele |liebe |herzliche |schöne |beste )?grüße?|gruß|(?:herzlichen |herzliche )?glückwünsche?|küsse?|"
    r"(?:bien le )?bonjour|(?:gros(?:ses)? |plein de |mille )?bis(?:es|ous)|(?:toutes )?(?:mes |nos )?(?:félicitations|"
    r"salutations|amitiés|meilleurs vœux)|"
    r"(?:muchos |cordiales |un )?(?:saludos?|abrazos?|besos?)|felicidades|enhorabuena|recuerdos|"
    r"(?:tanti |cari |un |i migliori |tantissimi )?(?:auguri|salut[io]|abbraccio|bac[io])|complimenti|congratulazioni|"
    r"(?:um |uns |muitos |grande )?(?:abraços?|beijos?|saudações|cumprimentos)|parabéns|"
    r"(?:de |hartelijke |veel |lieve )?(?:groetjes|groeten|groet|liefs|kusjes|gefeliciteerd)|felicitaties|"
    r"(?:большой |пламенный )?привет(?:ы)?|поздравления|обнимаю|целую|pozdrowienia|uściski|gratulacje|hälsningar|"
    r"grattis|"
    r"hilsen|selamlar|tebrikler"
)
_TO_OR_FROM = (
    r"to|from|on|for|and|with|an|aus|von|zu|zum|zur|vom|à|au|aux|de|du|des|d['’]\w+|pour|desde|del|a|al|para|por|"
    r"da|dal|"
    r"dalla|dall['’]\w+|ai|agli|alla|all['’]\w+|per|ao|à|aos|às|do|uit|van|voor|aan|met|из|от|с|для|вам|тебе|всем|z|"
    r"från|fra|till|til"
)
_LED = re.compile(rf"(?i)^\W*(?:(?:and|und|et|y|e|en|и)\s+)?(?:{_NOUN})\s+(?:{_TO_OR_FROM})(?!\w)")
_VERB = re.compile(
    r"(?i)\b(?:is|are|was|were|has|have|had|came|come|comes|went|got|means?|runs?|ist|sind|war|hat|est|sont|était|"
    r"a été|es|"
    r"era|fue|è|erano|é|foi|это|был[аио]?)\b"
)
_DONE = re.compile(
    r"(?i)^\W*(?:(?:i|we) (?:wish|congratulate|bid) (?:you|all|everybody|everyone)|i congratulate|wishing (?:you|"
    r"everyone|all)|sending (?:you (?:all )?)?(?:love|hugs|kisses|my (?:love|best)|best|warm|good)|"
    r"(?:ich|wir) (?:gratulier\w+|grüße\w*|(?:wünsche|drücke)n? (?:dir|euch|ihnen|allen|die daumen))|(?:je|nous) "
    r"(?:te|vous) (?:félicit|souhait|embrass)\w+|"
    r"(?:te|os) (?:felicit|dese|mand)\w+|(?:ti|vi) (?:augur|mand|facci)\w+|felicito a|mi congratulo|"
    r"поздравля(?:ю|ем)|жела(?:ю|ем)|передава?й(?:те)? привет|祝|恭喜|"
    r"fingers crossed|que (?:tenga|pase|disfrute|vaya|te mejore|lo pase|descanse)\w*|gr[uü](?:ß|ess)e? "
    r"(?!gott)(?:bitte )?(?:mir )?[^\W\d_]+|dale (?:un|muchos|recuerdos)|saluda(?:me)? a|"
    r"salutami|dai un|dá um|manda um|doe de groeten|passe le bonjour|embrasse)\b|^\W*(?:祝|恭喜)"
)
_TELLS = re.compile(r"\bwho\b|\bI(?:['’]\w+)?\s")
_HOPES = re.compile(
    r"(?i)^\W*(?:dear [^,]{1,30}, ?)?(?:i |we )?(?:do |really |just )?hope (?:this|that|all is|all['’]s|everything|"
    r"you)\b|"
    r"^\W*(?:[^\W\d_]+ ){1,4}(?:wish|wishes|are wishing|is wishing) (?:you|everyone|everybody|all)\b"
)
_TRIP = re.compile(
    r"(?i)^\W*(?:gute (?:reise|fahrt|besserung)|guten (?:flug|rutsch|appetit)|schöne[nsr]? \w+|frohe[sn]? \w+|viel "
    r"(?:glück|spaß|erfolg)|alles (?:gute|liebe)|bon(?:ne)? (?:voyage|route|courage|chance|année|anniversaire|weekend|"
    r"vacances|journée|soirée|appétit)|joyeu(?:x|se)s? \w+|buen (?:viaje|provecho|fin de)|feliz \w+|buena suerte|"
    r"buon(?:a)? (?:viaggio|compleanno|natale|anno|fortuna|lavoro|appetito|fine)|boa (?:viagem|sorte|semana)|feliz \w+|"
    r"goede reis|veel (?:plezier|succes|geluk)|fijne \w+|prettige? \w+|gelukkig \w+|счастливого \w+|удачи|с днём|с "
    r"новым|"
    r"с праздником)\b"
)
_EAST_END = re.compile(
    r"(?:こんにちは|こんばんは|おはよう(?:ございます)?|ありがとう(?:ございます)?|よろしく|おめでとう(?:ございます)?|的问候|"
    r"的祝福|问好|快乐|一路平安|一路顺风|生日快乐)[。！!~～\s]*$"
)
_PRAISE = re.compile(
    r"(?i)^\W*you(?:['’]re| are| were)(?: all)?(?: (?:just|really|truly|always|still|such|quite))? (?:an? |the |"
    r"so |too "
    r"|very |my )?(?:\w+ )?(?:star|angel|legend|genius|gem|lifesaver|hero|darling|treasure|best|kind|sweet|great|"
    r"amazing|"
    r"awesome|wonderful|brilliant|help|helpful|welcome|friend)s?\W*$"
)
_ABOUT_YOU = re.compile(
    r"(?i)^\W*(?:i(?:['’]ve| have)?|we(?:['’]ve| have)?) (?:\w+ ){0,2}(?:heard|read|thought|think|dreamt|talked) "
    r"(?:\w+ ){0,3}(?:about|of|from) you\b\W*(?:all)?\W*$"
)


def is_wish(line: str) -> bool:
    """Return whether a line, or one clause of it, is a greeting or wish by the noun or verb that leads it."""
    if _EAST_END.search(line) or _DONE.search(line):
        return True
    if _TRIP.search(line) and len(line.split()) <= 8 and not _VERB.search(line):
        return True
    if _HOPES.search(line):
        return True
    return _LED.search(line) is not None and not _TELLS.search(line) and not _VERB.search(line)


def is_about_the_listener(clause: str) -> bool:
    """Return whether a clause praises the listener, or says that something was heard of the listener (English)."""
    return _PRAISE.search(clause) is not None or _ABOUT_YOU.search(clause) is not None
