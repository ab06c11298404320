"""What is a what: that Japanese is a language, a tortoise a pet, Peru a country. A short list, and nothing is inferred.

A question's noun that is not in a statement, `Which instrument does she play?`, may still be answered by it where the
statement has something of that sort, or where the verb says the sort: what one `plays` with a `the` is an instrument.
English.
"""

from __future__ import annotations

import re

_PETS = "dog|cat|parrot|hamster|rabbit|horse|pony|tortoise|turtle|goldfish|canary|budgie|snake|ferret|puppy|kitten"
_DOGS = "dog|puppy|spaniel|terrier|labrador|poodle|beagle|dachshund|collie|retriever|shepherd|bulldog|husky|greyhound"
_INSTRUMENTS = (
    "piano|guitar|violin|viola|cello|harp|flute|trumpet|drums?|saxophone|clarinet|trombone|oboe|bassoon|organ|accordion"
    "|banjo|ukulele|mandolin|double bass|tuba|recorder|lute|sitar|harmonica"
)
_SPORTS = (
    "tennis|football|soccer|basketball|volleyball|badminton|golf|hockey|rugby|cricket|squash|handball|baseball|chess"
    "|table tennis|judo|karate|boxing|fencing|rowing|swimming|climbing|running|cycling|skiing|yoga|surfing|sailing"
)
_LANGUAGES = (
    "[A-Z][a-z]+(?:ish|ese|nch|rman|lian|sian|gian|rian|nian|tian|ndic|abic)|Dutch|Greek|Thai|Czech|Hindi|Urdu|Latin"
    "|Swahili|Korean|Hebrew|Welsh|Esperanto|Tamil|Persian|Farsi|Mandarin|Cantonese|Sanskrit|Slovak"
)
_SORTS: dict[str, str] = {
    "language": _LANGUAGES,
    "instrument": _INSTRUMENTS,
    "sport": _SPORTS,
    "pet": _PETS,
    "animal": f"{_PETS}|cow|goat|sheep|hen|duck|donkey|bee",
    "dog": _DOGS,
    "cat": "cat|kitten|tabby|siamese",
    "vehicle": "car|van|motorbike|motorcycle|scooter|bike|bicycle|lorry|truck|tractor",
    "relative": "brother|sister|uncle|aunt|cousin|nephew|niece|grandmother|grandfather|mother|father",
    "child": "son|daughter|twin",
    "children": "sons?|daughters?|twins",
    "sibling": "brothers?|sisters?",
    "parent": "mother|father|mum|mom|dad",
    "drink": "tea|coffee|water|juice|wine|beer|milk|cocoa|lemonade|cider|whisky|cola",
    "fruit": "apples?|pears?|plums?|cherr(?:y|ies)|mango(?:es)?|bananas?|grapes|oranges?|peach(?:es)?|figs?",
    "colour": "red|blue|green|yellow|black|white|grey|gray|purple|pink|orange|brown|teal|turquoise|violet|beige",
    "subject": "physics|maths|mathematics|chemistry|biology|history|geography|law|medicine|economics|philosophy|music",
    "season": "spring|summer|autumn|fall|winter",
    "religion": "christian|catholic|protestant|muslim|jewish|hindu|buddhist|sikh|atheist",
}
_SORTS["color"] = _SORTS["colour"]
_FRAMES: dict[str, str] = {  # a verb that tells the sort of what follows it
    "instrument": r"\bplay(?:s|ed|ing)? the (?P<it>[a-z]+(?: [a-z]+)?)\b",
    "language": r"\b(?:learn|speak|teach|study)(?:s|ing|ed)? (?P<it>[A-Z][a-z]+)\b(?! (?:at|history|law))",
    "sport": r"\bplay(?:s|ed|ing)? (?P<it>[a-z]+ball)\b",
    "car": r"\b(?:driv\w+|bought|got|have|own) (?:an?|the|my) (?:[a-z]+ )?(?P<it>[A-Z]\w+(?: [A-Z]?\w*\d\w*)?)",
}
_COUNTRIES = frozenset(
    "afghanistan albania algeria argentina armenia australia austria azerbaijan bangladesh belarus belgium"
    " bolivia brazil "
    "bulgaria cambodia canada chile china colombia croatia cuba cyprus denmark ecuador egypt england estonia ethiopia "
    "finland france georgia germany ghana greece greenland haiti hungary iceland india indonesia iran iraq"
    " ireland israel "
    "italy jamaica japan jordan kazakhstan kenya korea kuwait laos latvia lebanon libya lithuania malaysia mali malta "
    "mexico moldova mongolia morocco mozambique myanmar namibia nepal netherlands nigeria norway oman pakistan panama "
    "paraguay peru philippines poland portugal qatar romania russia scotland senegal serbia slovakia slovenia somalia "
    "spain sudan sweden switzerland syria taiwan tanzania thailand tunisia turkey uganda ukraine uruguay usa"
    " uzbekistan "
    "venezuela vietnam wales yemen zambia zimbabwe america britain".split()
)


def of_sort(noun: str, text: str) -> str:
    """Return what of the sort `noun` a text speaks of: `the cello` for an instrument; nothing where it has none."""
    noun = noun.lower() if noun.lower() in _SORTS or noun.lower() in _FRAMES else noun.lower().removesuffix("s")
    if noun in _FRAMES and (found := re.search(_FRAMES[noun], text)):
        return found["it"]
    if noun in _SORTS and (found := re.search(rf"\b(?:{_SORTS[noun]})\b", text)):
        return found.group()
    return ""


def is_country(name: str) -> bool:
    """Whether a name is that of a country."""
    return name.lower().split()[-1] in _COUNTRIES
