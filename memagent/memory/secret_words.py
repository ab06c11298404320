"""Where a text holds a secret that only the words beside it give away: codes of doors, codes sent once, logins, seeds.

Each pattern needs such a word and a value of its shape, since digits alone are mostly years and amounts. The words are
known in English, German, French, Spanish, Russian and Chinese, a few of them in Japanese and Korean. A bank account is
known by its check digits, and the words of a seed phrase by their number and shape, after a word that says what they
are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int, str, str]
"""Where it begins and ends, its kind, and what it looks like, in words."""

_SAYS = (
    r"(?:\s?[:：=]\s?|\s?[—–-]\s|\s(?:is|was|ist|lautet|war|est|es|era|это)\s?[:：]?\s|\s?(?:是|为|は|은|는)\s?[:：]?)"
)
_OF = r"(?: (?:for|to|of|on|at|für|zu|pour|de|para|от|для) [^\n.,;:!?\d]{1,40}?)?"
_MIXED = r"(?=[^\s,;]{0,64}\d)(?=[^\s,;]{0,64}[^\W\d_])"

_DOOR = (
    r"\b(?:(?:front |back |main )?door|gate|alarm|entry|entrance|garage|safe|vault|key ?box|lockbox|"
    r"intercom|elevator|gym|office)(?:['’]s)?(?: access| entry| security)? (?:key)?code|"
    r"\b(?:tür|haustür|alarm|tor|garagen|safe|tresor|zugangs|schließfach|klingel)[ -]?code|"
    r"\bcode (?:de la |du |d['’]|de l['’])(?:porte|portail|alarme|immeuble|coffre|garage|entrée|digicode)|\bdigicode|"
    r"\bcódigo (?:de la |del |de )(?:puerta|alarma|portal|garaje|caja fuerte|entrada)|"
    r"\bкод (?:от )?(?:двери|домофона|сигнализации|подъезда|сейфа|гаража|замка|калитки|ворот)|\bдомофон|"
    r"(?:门禁|门锁|大门|房门|保险箱|报警器?)(?:的)?(?:密码|密碼|代码)|暗証番号"
)
_SENT = (
    r"\b(?:otp|totp|2fa|mfa|two[- ]factor|one[- ]time|verification|authenticator|authentication|confirmation|"
    r"security|sms|login|sign-?in)(?:[ -](?:backup|recovery|pass))?[ -]?(?:codes?|password|passcode)|"
    r"\b(?:backup|recovery)[ -]codes?|\b(?:otp|totp|(?-i:TAN)|cvv2?|cvc2?)|"
    r"\b(?:bestätigungs|sicherheits|einmal|wiederherstellungs)[ -]?codes?|"
    r"\bcode de (?:vérification|sécurité|confirmation|secours)|\bcódigo de (?:verificación|seguridad|confirmación)|"
    r"\bкод (?:подтверждения|из (?:смс|sms)|безопасности)|"
    r"(?:验证码|驗證碼|校验码|認証コード|確認コード|인증번호|인증 ?코드)"
)
_CODE = r"[#*]{0,2}\d{3,10}[#*]{0,2}|\d{2,4}[A-ZА-Яa-zа-я]\d{2,6}#?|[A-Za-z]\d{3,8}#?"
_ONCE = r"\d{3}[ -]\d{3}|\d{3,8}"
_GROUP = r"(?=[a-z-]{0,64}\d)(?=[\d-]{0,64}[a-z])[a-z0-9]{4,12}(?:-[a-z0-9]{4,12}){0,7}"
_END = r"(?![\w/]|[.,:]\d)"

_CODES = re.compile(rf"(?i)(?:{_DOOR}){_OF}{_SAYS}\s{{0,3}}[\"'“]?({_CODE}){_END}")
_ENTERED = re.compile(
    rf"(?i)\b(?:code|код|código) (?:for|to|of|pour|de|para|от|для) (?:the |my |our |la |le |el |mon |ma |mi )?"
    rf"(?:(?:front|back|main) )?(?:door|gate|alarm|garage|safe|vault|lockbox|porte|portail|alarme|"
    rf"puerta|alarma|двери|домофона|сейфа){_SAYS}\s{{0,3}}({_CODE}){_END}"
)
_ONCE_SAID = re.compile(rf"(?i)(?:{_SENT}){_OF}{_SAYS}\s{{0,3}}[\"'“]?({_ONCE}|{_GROUP}){_END}")
_ONCE_BY = re.compile(
    r"(?i)(?:\b(?:otp|totp|2fa(?: code)?|mfa code|sms code)|验证码|인증번호)\s{0,2}(\d{6,8})(?![\w/]|[.,]\d)"
)
_CARD_CODE = re.compile(r"(?i)\b(?:cvv2?|cvc2?)(?:[:\s]|\sis\s){1,3}(\d{3,4})\b(?![.,]\d)")
_BACKUP = re.compile(
    r"(?i)\b(?:backup|recovery)[ -]codes?[^\n\w]{1,4}("
    r"(?:(?=[a-z-]*\d)[a-z0-9]{4,10}(?:-[a-z0-9]{4,10})?[,;\s]{1,3}){1,20}"
    r"(?=[a-z-]*\d)[a-z0-9]{4,10}(?:-[a-z0-9]{4,10})?)"
)
_PIN_SAID = re.compile(
    rf"(?i)(?:\bпин(?:[- ]?код)?|\bpin-code|\bcode pin|\bcódigo pin|\bgeheimzahl|\bcodice pin|\bpin){_OF}"
    rf"{_SAYS}\s{{0,3}}(\d{{4,8}}){_END}"
)
_WIFI = re.compile(
    r"(?i)(?:\bwi-?fi|\bwlan|\bssid|\bwpa[23]?|\brouter|\bhotspot|вай-?фа[йя]|无线|\bwifi)[^\n]{0,60}?"
    r"(?:\bkey|\bpsk|\bcode|\bpass|\bpw|schlüssel|\bclé|\bclave|\bключ|密钥|密码)\s?(?:is\s|ist\s|est\s|es\s|[:：=—-]|是)?\s?"
    rf"[\"'“]?({_MIXED}(?!802\.11)[^\s\"'”,;]{{8,63}})"
)
_WIFI_SIGN = re.compile(r"WIFI:(?=[^\n]{0,80}?S:)[^\n]{0,80}?P:([^;\n\[][^;\n]{3,62});")
_USER = (
    r"(?:user(?:[ -]?name)?|login|log-?in|account|credentials?|creds|benutzer(?:name)?|identifiant|usuario|"
    r"логин|用户名|账号|帳號)"
)
_PAIR = re.compile(
    rf"(?i)\b{_USER}[\"']?(?:\s?[:=：]\s?|\s(?:is\s)?)[\w.@+-]{{2,64}}[,;]?\s{{1,3}}(?:and )?(?:the )?"
    r"(?:pass|pwd?|пасс)\s?(?:[:=]|is\s)\s?[\"']?([^\s\"',;]{6,64})"
)
_LOGIN = re.compile(rf"(?i)\b{_USER}(?:\s(?:is|are))?(?:\s?[:=：])?\s[\w.@+-]{{2,64}}\s?[/|:]\s?([^\s\"',;/]{{8,64}})")
_VERSION = re.compile(r"(?i)[a-z]+-?v?\d{1,2}(?:\.\d+)*")

_SEED = re.compile(
    r"(?i)(?:\bseed(?: phrase| words?)?\b|\bmnemonic(?: phrase)?|\b(?:recovery|backup|secret|wallet) (?:phrase|words?)|"
    r"\bmetamask|\bсид(?:-фраза)?|\bмнемоник\w*|助记词|\bphrase de récupération|\bfrase semilla)"
    r"[^\n]{0,40}?[:：\s]\s{0,3}"
    r"(?-i:((?:\d{1,2}[.)]?\s)?[a-z]{3,8}(?:[,;]?\s{1,2}(?:\d{1,2}[.)]?\s)?[a-z]{3,8}){11,40}))(?![\w'’])"
)
_SEED_WORD = re.compile(r"[a-z]{3,8}")
_NO_SEED = frozenset(
    "the and for are was were with not but his her she him has had from been which who their them our its does did "
    "would could being these those where why how whose while since every some many than went said came got made out "
    "please said saw let lets too were being having wants went might must shall here".split()
)
"""Words of three letters and more that prose is full of, and no seed phrase has."""

_SEED_CUES = ("seed", "mnemonic", "phrase", "words", "metamask", "сид", "мнемоник", "助记词", "semilla")
_ENDED = re.compile(r"(?:ed|ly|ing|en)$")  # of what somebody says of a pass phrase

_PHRASE = re.compile(
    r"(?i)\bpass[ _-]?phrase(?: (?:for|to|of) [^\n.,;:!?]{1,30}?)?(?:\s?[:=]|\s(?:is|was))\s{1,3}[\"'“]?"
    r"([a-z]{3,10}(?:[ -][a-z]{3,10}){2,11})(?=[\"'”]?\s*(?:[.,;!?)]|$))",
    re.MULTILINE,
)
_TOLD_OF = frozenset(
    "never always lost last long short strong weak wrong right hard easy very too quite still only known written kept "
    "set safe secret needed enough required stored about what when this that there they will have just because before "
    "into other over such you your any all can new old good bad also again different same longer shorter somewhere "
    "nowhere elsewhere here now then one two three four five six characters words word letters made chosen".split()
)
"""Words by which somebody speaks of a passphrase."""

_IBAN = re.compile(r"(?<![\w-])([A-Z]{2})\d{2}(?=[ ]?[A-Z0-9])")
_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FO FI GL NL",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "PT",
    26: "IS TR",
    27: "FR GR IT MC SM",
    28: "AL AZ BY CY DO GT HU LB PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_LENGTHS = {code: length for length, codes in _COUNTRIES.items() for code in codes.split()}
"""How many characters a bank account of a country has (ISO 13616)."""

_CODE_CUES = ("code", "код", "código", "digicode", "домофон", "密码", "密碼", "代码", "暗証")
_SENT_CUES = (
    *("code", "код", "código", "otp", "2fa", "mfa", "factor", "password", "tan", "cvv", "cvc", "验证码", "驗證碼"),
    *("校验码", "コード", "인증"),
)
_WIFI_CUES = ("wi-fi", "wifi", "wlan", "ssid", "wpa", "router", "hotspot", "вай", "无线")
_USER_CUES = (
    *("user", "login", "log-in", "account", "cred", "benutzer", "identifiant", "usuario", "логин"),
    *("用户名", "账号", "帳號"),
)
_PIN_CUES = ("pin", "пин", "geheimzahl")
_PATTERNS: tuple[tuple[tuple[str, ...], re.Pattern[str], str, str], ...] = (
    (_CODE_CUES, _CODES, "code", "the code of a door or an alarm"),
    (_CODE_CUES, _ENTERED, "code", "the code of a door or an alarm"),
    (_SENT_CUES, _ONCE_SAID, "code", "a code for logging in"),
    (_SENT_CUES, _ONCE_BY, "code", "a code for logging in"),
    (("code",), _BACKUP, "code", "codes for logging in"),
    (("cvv", "cvc"), _CARD_CODE, "code", "the code of a payment card"),
    (_PIN_CUES, _PIN_SAID, "PIN", "a PIN"),
    (_WIFI_CUES, _WIFI, "password", "the key of a wireless network"),
    (("wifi:",), _WIFI_SIGN, "password", "the key of a wireless network"),
)
"""What a text must have, in small letters, for a pattern to be tried; the pattern, the kind, and what it is."""


def found(text: str) -> Iterator[Span]:
    """Yield what is a secret by the words beside it, each kind in turn; two of them may overlap."""
    yield from _accounts(text)
    small = text.lower()
    for cues, pattern, kind, what in _PATTERNS:
        if any(cue in small for cue in cues):
            yield from ((*match.span(1), kind, what) for match in pattern.finditer(text))
    if any(cue in small for cue in _USER_CUES):
        yield from _pairs(text)
    yield from _phrases(text, small)


def _pairs(text: str) -> Iterator[Span]:
    """Passwords beside the name of who logs in; without a word for it, only what looks like nothing else."""
    for match in _PAIR.finditer(text):
        if _has_both(match[1]):
            yield *match.span(1), "password", "a password beside a login"
    for match in _LOGIN.finditer(text):
        if _has_both(match[1]) and _kinds(match[1]) > 2 and not _VERSION.fullmatch(match[1]):
            yield *match.span(1), "password", "a password beside a login"


def _phrases(text: str, small: str) -> Iterator[Span]:
    for match in _SEED.finditer(text) if any(cue in small for cue in _SEED_CUES) else ():
        words = _SEED_WORD.findall(match[1])
        if len(words) in (12, 15, 18, 21, 24) and not _NO_SEED.intersection(words):
            yield *match.span(1), "seed phrase", "the seed phrase of a wallet"
    for match in _PHRASE.finditer(text) if "phrase" in small else ():
        words = re.split(r"[ -]", match[1].lower())
        if not (_NO_SEED | _TOLD_OF).intersection(words) and not any(map(_ENDED.search, words)):
            yield *match.span(1), "password", "a pass phrase"


def _accounts(text: str) -> Iterator[Span]:
    """Bank accounts: as long as those of their country, with check digits that are right (ISO 7064, mod 97-10)."""
    for match in _IBAN.finditer(text):
        wanted, end, plain = _LENGTHS.get(match[1], 0), match.start(), ""
        while len(plain) < wanted and end < len(text):
            sign = text[end]
            if sign.isascii() and sign.isalnum() and not sign.islower():
                plain += sign
            elif sign != " " or text[end - 1] == " ":
                break
            end += 1
        follows = text[end : end + 1]
        if wanted and len(plain) == wanted and not follows.isalnum() and _checks(plain):
            yield match.start(), end, "account number", "the number of a bank account"


def _checks(account: str) -> bool:
    return int("".join(str(int(sign, 36)) for sign in account[4:] + account[:4])) % 97 == 1


def _has_both(value: str) -> bool:
    return any(sign.isdigit() for sign in value) and any(sign.isalpha() for sign in value)


def _kinds(value: str) -> int:
    """How many kinds of signs there are: small letters, capitals, digits, others."""
    tests = (str.islower, str.isupper, str.isdigit, lambda sign: not sign.isalnum())
    return sum(any(map(test, value)) for test in tests)
