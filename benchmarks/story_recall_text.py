"""Stories with planted facts for `story_recall.py`: made up from templates by a seed, with no model.

All texts come in two halves that share no fact, no name, no place and no sentence: stories of odd seeds are made of the
first, stories of even seeds of the second. What was tuned on one half has not seen the other.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from memagent.methods.recurrent import State


@dataclass(frozen=True, slots=True)
class Fact:
    """What is planted once: its sentence, and two ways to need it without saying it again.

    `{a}` has it, `{b}` is somebody else, `{thing}` is one of `things`, and `{noun}` the last word of that.
    """

    told: str
    by_name: str
    by_thing: str
    things: Sequence[str]


@dataclass(frozen=True, slots=True)
class Question:
    """A plan that needs a paragraph. `kind` is `name`, `thing`, `two hops` or `context`; `wanted` counts from 1."""

    kind: str
    plan: str
    wanted: int
    state: State


@dataclass(frozen=True, slots=True)
class Planted:
    """A story and what is asked of it."""

    paragraphs: tuple[str, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Half:
    """What stories are made of."""

    women: Sequence[str]
    men: Sequence[str]
    others: Sequence[str]
    places: Sequence[str]
    facts: Sequence[Fact]
    kin: Sequence[str]
    bridges: Sequence[str]
    belongings: Sequence[str]
    owned: Sequence[str]
    values: Sequence[str]
    asked: Sequence[str]
    filler: Sequence[str]
    lying: Sequence[str]
    planned: Sequence[str]
    going_on: Sequence[str]
    noted: Sequence[str]


_FIRST = Half(
    women="Mara Ilse Hedda Brenna Oda Sunniva".split(),
    men="Joren Anselm Corvin Matthis Tobiah Renwick".split(),
    others=(
        "Lasse Pavel Edric Goran Hamon Iven Kasper Ludo Milo Nestor Osric Perrin Quill Rurik Soren Tavish".split()
    ),
    places=("the boathouse", "Harrow Lane", "the salt pans", "the Widow's Inn", "Corm Head", "the lamp room",
            "Sallow Bridge", "the net loft", "Tarn Street", "the old customs house"),
    facts=(
        Fact("That evening {a} pushed the {thing} deep into the flour bin, where nobody would think of looking.",
             "{a} goes back for what {she} hid in the kitchen.",
             "Somebody asks what has become of the {noun}.", ("brass compass", "silver thimble", "clay whistle")),
        Fact("{a} burned the {thing} before the magistrate's men arrived, all but one page.",
             "{a} is called to account for the papers {she} destroyed.",
             "A surviving leaf of the {noun} turns up.", ("parish register", "blue ledger", "almanac")),
        Fact("{a} owed {b} forty crowns for the {thing} and had not paid a penny of it.",
             "{a}'s old debt falls due.",
             "It has to be settled who pays for the {noun}.", ("spinning wheel", "copper kettle", "feather mattress")),
        Fact("At the autumn fair {a} won the {thing} from a blind man at dice.",
             "{a} admits to having gambled.",
             "The former owner of the {noun} wants it returned.", ("accordion", "tame magpie", "amber necklace")),
        Fact("{a} could not abide {thing}; one mouthful, and {her} throat swelled shut.",
             "{a} is served a dish that may kill {her}.",
             "There is {noun} in the sauce, and one of the guests must not touch it.",
             ("celery", "crab", "honey")),
        Fact("Behind the left ear {a} had a scar from the day when the {thing} kicked {her}.",
             "Somebody notices an old wound on {a}'s head.",
             "The {noun} that once injured a child is led into the yard.", ("grey mule", "carthorse", "billy goat")),
        Fact("It was {a} who had the only key to the {thing}, on a string round {her} neck.",
             "{a} turns out to be the one who can unlock the door.",
             "They have to get into the {noun} tonight.", ("belfry", "icehouse", "chapel crypt")),
        Fact("{a} swore on the {thing} never to speak of the surveyor who drowned.",
             "{a} breaks a vow of silence.",
             "An oath that was taken on the {noun} is remembered.", ("rusted anchor", "millstone", "prayer book")),
        Fact("A deaf clockmaker had taught {a} to read {thing}.",
             "{a} makes use of a skill that an old craftsman passed on to {her}.",
             "Nobody else can make sense of the {noun}.", ("semaphore", "star charts", "shorthand")),
        Fact("The {thing} under {a}'s window grew over the grave of {her} first dog.",
             "{a} mourns an animal that {she} loved.",
             "Workmen come to cut down the {noun}.", ("quince", "rosebush", "elder")),
        Fact("Ever since the night in the quarry {a} could not bear {thing}.",
             "{a}'s old terror comes over {her} again.",
             "All at once there is {noun}, and one of them panics.", ("thunder", "candle smoke", "whistling")),
        Fact("{a} had left {her} {thing} in pawn with the ferryman's widow.",
             "{a} means to redeem what {she} pledged.",
             "The {noun} is for sale in a shop window.", ("wedding ring", "fiddle", "sealskin coat")),
    ),
    kin=("brother", "uncle", "father", "cousin", "godfather", "nephew"),
    bridges=(
        "{b}, {a}'s {kin}, had come home from the war with a limp and a cough.",
        "Everybody could see that {b} was {a}'s {kin}: they had the same crooked smile.",
        "{a} lit a candle for {her} {kin}, whose name was {b}, as {she} did every year.",
    ),
    belongings=("boat", "horse", "tavern", "dog", "mill", "barge", "orchard", "sword"),
    owned=(
        "{b} had named his {thing} the {value}, after a girl in another town.",
        "Over the years {b} had grown fonder of his {thing}, the {value}, than of most people.",
        "It was called the {value}, this {thing} of {b}'s, and it was the only thing that he had not sold.",
    ),
    values="Wren Petrel Gannet Linnet Osprey Dunlin Merlin Curlew Plover Siskin Fulmar Brambling Dotterel Whimbrel "
    "Redstart Wheatear".split(),
    asked=(
        "{a} decides to take {her} {kin}'s {thing} for {her}self.",
        "A stranger asks {a} what became of {her} {kin}'s {thing}.",
        "{a} learns that {her} {kin}'s {thing} is to be sold.",
    ),
    filler=(
        "The fog came in under the door of {place} and lay along the boards.",
        "{a} said nothing for a while and listened to the gulls.",
        "“You should have stayed at home,” {b} said, and folded the newspaper.",
        "Rain ran down the panes, and somewhere a shutter banged.",
        "{a} counted the steps to {place}, as {she} always did when {she} could not think.",
        "{b} had the look of somebody who had not slept.",
        "A boy ran past with a basket of eels and did not look up.",
        "“It was never about the money,” {a} answered.",
        "Nobody in {place} remembered so early a frost.",
        "The lamp smoked, and {b} turned it down with two fingers.",
        "{a} thought of the spring, and of all that had been said then.",
        "Two carts stood in the way, and their drivers quarrelled over nothing.",
        "There was bread on the table, and a knife, and a letter that {b} did not open.",
        "From {place} one could see the lights of the pilots far out.",
        "{a} laughed, too loudly, and then was ashamed of it.",
        "“Tell me the truth,” said {b}, “or tell me nothing.”",
        "The wind had gone round to the north, and the ropes hummed.",
        "They went on in silence as far as {place}.",
        "{b} wiped the glass and held it to the light.",
        "A bell rang twice and stopped.",
        "{a} knew the sound of those boots before the door opened.",
        "The old women on the bench by {place} broke off their talk.",
        "“Tomorrow, then,” {b} said, but neither of them believed it.",
        "There was a smell of tar and of wet wool.",
        "{a} put {her} hands into {her} sleeves and waited.",
        "The tide was out, and the mud shone like pewter.",
        "{b} asked for water and drank it standing.",
        "The children had drawn a ship on the wall of {place} with chalk.",
    ),
    lying=("On the sill lay a {noun} that nobody seemed to want.", "“As old as the {noun},” said {b}, and yawned.",
           "Somebody in the next room was talking of a {noun}."),
    planned=("{a} and {b} meet again at {place}.", "The weather turns, and {b} grows impatient.",
             "An argument with {b} breaks out at {place}.", "{b} keeps something back, and {a} senses it.",
             "Night falls at {place} before {a} and {b} have come to an agreement."),
    going_on=("It cannot be put off any longer.", "There is less time for it than everyone had supposed.",
              "It ends otherwise than was intended.", "A decision made in haste has consequences.",
              "What seemed harmless proves dangerous."),
    noted=("{a} no longer trusts {b}.", "{a} has come to {place} to find out what happened in the spring.",
           "{b} is waiting for a letter.", "The council meets at {place}.", "{a} and {b} have quarrelled and made up.",
           "A storm is coming, and {place} has been shut.", "{b} has promised to tell the truth tomorrow."),
)  # fmt: skip

_SECOND = Half(
    women="Agathe Ruth Willa Noor Celeste Zofia".split(),
    men="Emeric Dunstan Florian Gideon Halvard Victor".split(),
    others=(
        "Albin Bastian Cyril Dorian Eustace Fabian Gerwin Horace Ignace Jasper Lambert Moritz Norbert Otto Piers Ulric"
    ).split(),
    places=("the sheepfold", "Candle Row", "the gravel pit", "the Three Crowns", "Hollin Pass", "the schoolroom",
            "the toll gate", "the drying sheds", "Minster Square", "the lower pasture"),
    facts=(
        Fact("{a} buried the {thing} beneath the third apple tree, wrapped in oilcloth.",
             "{a} takes a spade and digs up what {she} put into the ground.",
             "Rumour has it that the {noun} is still somewhere about the place.",
             ("strongbox", "duelling pistol", "christening cup")),
        Fact("{a} had forged the signature on the {thing}, and done it well.",
             "{a} is accused of fraud.",
             "A notary holds the {noun} against the light.", ("deed", "testament", "marriage contract")),
        Fact("{a} lent {b} the {thing} on condition that it came back before the thaw.",
             "{a} asks for the return of {her} property.",
             "The {noun} is long overdue.", ("sledge", "iron plough", "hunting rifle")),
        Fact("Only {a} knew that the {thing} was hollow, and that there was a map in it.",
             "{a} gives away a secret hiding place.",
             "The {noun} falls and cracks open.", ("walking stick", "wooden saint", "rag doll")),
        Fact("{a} could not swim, and had kept it quiet since the {thing} went down with eleven hands.",
             "{a} is thrown into deep water.",
             "A diver comes upon what is left of the {noun}.", ("collier", "cutter", "lifeboat")),
        Fact("{a} was born with six toes on one foot, and only the {thing} had ever seen it.",
             "{a} is made to take off {her} boots.",
             "The old {noun} recognises somebody.", ("midwife", "cobbler", "laundress")),
        Fact("That winter {a} had sold {her} hair so that there would be {thing} for the children.",
             "A visitor wonders why {a} wears a kerchief.",
             "What was once given for the {noun} comes to light.", ("coal", "shoes", "medicine")),
        Fact("From {her} grandmother {a} had a tune that calmed even the {thing}.",
             "{a} begins to sing, and everybody falls silent.",
             "The {noun} are in an uproar, and nobody dares to go near.", ("bees", "hounds", "oxen")),
        Fact("{a} had sworn to be revenged on the {thing} for the death of a cousin.",
             "{a} gets a chance to settle an old score.",
             "The {noun} walks into a trap.", ("bailiff", "harbourmaster", "gamekeeper")),
        Fact("In a biscuit tin {a} kept the {thing} of the captain who had gone down.",
             "{a} brings out a keepsake of a drowned man.",
             "The heirs come to ask for the {noun}.", ("spyglass", "false teeth", "logbook")),
        Fact("{a} could not tell colours apart and had painted the {thing} green, believing it red.",
             "{a} mistakes one signal for another.",
             "Strangers stop to laugh at the {noun}.", ("barn", "pump", "hay cart")),
        Fact("{a} paid for the {thing} with coins that {she} knew to be false.",
             "{a} is caught passing bad money.",
             "The man who parted with the {noun} comes back angry.", ("mare", "harp", "loom")),
    ),
    kin=("grandfather", "brother", "stepfather", "guardian", "son", "uncle"),
    bridges=(
        "It was long before {a} forgave {b}, who was {her} {kin} after all.",
        "“{b} may be your {kin}, {a}, but he is nobody's fool,” the priest had said.",
        "{a} had grown up with {her} {kin}, a quiet man by the name of {b}.",
    ),
    belongings=("ship", "mule", "inn", "hound", "vineyard", "cannon", "raft", "quarry"),
    owned=(
        "{b}'s {thing} went by the name of {value}, and woe to those who laughed.",
        "Years ago {b} had christened the {thing} {value} and broken a bottle over it.",
        "{value} was what {b} called his {thing}, and he would not hear a word against it.",
    ),
    values="Esperance Solace Obstinacy Patience Vagary Clemency Bounty Perdition Candour Fortitude Mercy Penitence "
    "Temperance Tribulation Verity Concord".split(),
    asked=(
        "{a} has to find {her} {kin}'s {thing} before anybody else does.",
        "{a} is offered a good price for {her} {kin}'s {thing}.",
        "Bad news arrives of {a}'s {kin} and his {thing}.",
    ),
    filler=(
        "Snow lay against the walls of {place} as high as a man's knee.",
        "{a} drew the chair nearer to the stove and rubbed {her} wrists.",
        "“I heard you the first time,” {b} said without turning round.",
        "A dog barked on the far side of the valley, and another answered.",
        "{a} had walked all the way from {place} and was tired.",
        "{b} pretended to read, but the page was never turned.",
        "The sexton went by with a ladder on his shoulder.",
        "“We are none of us what we were,” {a} murmured.",
        "In {place} the clocks had always been slow.",
        "Smoke rose straight from the chimneys, as it does before a frost.",
        "{a} remembered the harvest, and who had been there, and who had not.",
        "A waggon with a broken wheel blocked the road for an hour.",
        "{b} cut the cheese into small pieces and ate none of them.",
        "Beyond {place} the road divides, and there they stopped.",
        "{a} began a sentence and did not finish it.",
        "“Swear it,” said {b}, “or go.”",
        "Crows had gathered on the ridge and were in no hurry.",
        "Someone had swept the yard in front of {place}.",
        "{b} buttoned the coat up to the chin.",
        "A window was lit, and then it was dark again.",
        "{a} could tell from the way the latch fell that it was bad.",
        "The women at the well near {place} made room for them.",
        "“There is time enough,” {b} answered, and there was not.",
        "It smelt of apples there, and of mice.",
        "{a} turned the cup in {her} fingers until the tea was cold.",
        "The brook had frozen over, and one heard it run beneath.",
        "{b} wanted to know the hour and then did not listen.",
        "On the gate of {place} somebody had hung a wreath of straw.",
    ),
    lying=("By the door stood something that might have been a {noun}.", "“Not for a {noun} of gold,” {b} replied.",
           "They had been arguing about some {noun} or other."),
    planned=("{a} and {b} set out for {place}.", "It grows colder, and {b} loses heart.",
             "At {place} {a} and {b} are not welcome.", "{b} tells half of a story, and {a} guesses the rest.",
             "At {place} {a} parts from {b} without a decision."),
    going_on=("Not everybody is prepared for this.", "A misunderstanding makes matters worse.",
              "Help comes from an unexpected quarter.", "The price of it is higher than expected.",
              "Afterwards nothing can be undone."),
    noted=("{a} suspects that {b} lies.", "{a} is at {place} because of what happened at the harvest.",
           "{b} wants to leave the valley.", "There is to be a hearing at {place}.", "{a} owes {b} an apology.",
           "Snow has closed the way to {place}.", "{b} will say everything when the time comes."),
)  # fmt: skip


def planted(seed: int, paragraphs: int = 199, facts: int = 50) -> Planted:
    """Return a story of so many paragraphs with facts planted in its first half, and the questions.

    The newest paragraph and the short memory of each question are made like those of the story: they are about one of
    the people of the plan, about others, and about things that others own. Only for the questions of the kind
    `context`, which are asked besides, does the newest paragraph name the thing and the plan does not.
    """
    return _Maker(seed, paragraphs, facts).story()


class _Maker:
    def __init__(self, seed: int, paragraphs: int, facts: int) -> None:
        self.half = _FIRST if seed % 2 else _SECOND
        self.random = random.Random(seed)
        self.count, self.facts = paragraphs, facts
        self.hops = facts // 3
        self.main = [*self.half.women, *self.half.men]

    def story(self) -> Planted:
        plain, hops = self.plain_facts(), self.hop_facts()
        places = self.random.sample(range(1, self.count // 2), len(plain) + 2 * len(hops))
        said: dict[int, str] = {}
        questions = []
        nouns = [noun for _, noun, _, _ in plain] + [thing for _, _, thing, _ in hops]
        for number, (owner, noun, fact, told) in enumerate(plain):
            said[place := places.pop()] = told
            kind = "name" if number % 2 else "thing"
            text = self.filled(fact.by_name if number % 2 else fact.by_thing, a=owner, noun=noun)
            questions.append(self.question(kind, text, place, owner if number % 2 else None, nouns))
            questions.append(self.context(fact, owner, noun, place, nouns))
        for told, bridge, _, text in hops:
            said[place := places.pop()] = told
            said[places.pop()] = bridge
            questions.append(self.question("two hops", text[1], place, text[0], nouns))
        lying = [self.filled(self.random.choice(self.half.lying), noun=noun) for noun in [*nouns, *nouns]]
        return Planted(tuple(self.paragraphs(said, lying)), tuple(questions))

    def plain_facts(self) -> list[tuple[str, str, Fact, str]]:
        """Owner, noun, fact, and the sentence."""
        chosen = [(fact, thing) for fact in self.half.facts for thing in fact.things]
        self.random.shuffle(chosen)
        made, used = [], set()
        for fact, thing in chosen[: self.facts - self.hops]:
            owner = self.random.choice([name for name in self.main if (name, fact.told) not in used])
            used.add((owner, fact.told))
            noun = thing.split()[-1]
            made.append((owner, noun, fact, self.filled(fact.told, a=owner, thing=thing)))
        return made

    def hop_facts(self) -> list[tuple[str, str, str, tuple[str, str]]]:
        """The sentence, the bridge, the thing, and who is asked with the plan."""
        pairs = self.random.sample([(a, kin) for a in self.main for kin in self.half.kin], self.hops)
        owners = self.random.sample(self.half.others, self.hops)
        values = self.random.sample(self.half.values, self.hops)
        made = []
        for number, ((a, kin), b, value) in enumerate(zip(pairs, owners, values, strict=True)):
            thing = self.half.belongings[number % len(self.half.belongings)]
            told = self.random.choice(self.half.owned).format(b=b, thing=thing, value=value)
            bridge = self.filled(self.random.choice(self.half.bridges), a=a, b=b, kin=kin)
            plan = self.filled(self.random.choice(self.half.asked), a=a, kin=kin, thing=thing)
            made.append((told, bridge, thing, (a, plan)))
        return made

    def paragraphs(self, said: dict[int, str], lying: list[str]) -> list[str]:
        more: dict[int, list[str]] = {}
        for sentence in lying:
            more.setdefault(self.random.randrange(1, self.count + 1), []).append(sentence)
        return [
            self.scene([*([said[number]] if number in said else []), *more.get(number, [])])
            for number in range(1, self.count + 1)
        ]

    def scene(self, sentences: Sequence[str] = (), a: str | None = None, last: str = "") -> str:
        """A paragraph of six sentences about two people, and one of the others, at one place; and `sentences`."""
        a = a or self.random.choice(self.main)
        b = self.random.choice([name for name in self.main if name != a])
        place = self.random.choice(self.half.places)
        lines = self.random.sample(self.half.filler, 6)
        other = self.random.choice(self.half.others)
        texts = [self.filled(line, a=a, b=other if n == 5 else b, place=place) for n, line in enumerate(lines)]
        for sentence in sentences:
            texts.insert(self.random.randrange(1, len(texts)), sentence)
        return " ".join([*texts, *([last] if last else [])])

    def question(
        self, kind: str, text: str, wanted: int, who: str | None, nouns: list[str], last: str = ""
    ) -> Question:
        """A plan of three sentences, as the prompt asks for: `text`, one of people and places, one of neither."""
        a = who or self.random.choice(self.main)
        b = self.random.choice([name for name in self.main if name != a])
        others = [self.filled(self.random.choice(self.half.planned), a=a, b=b), self.random.choice(self.half.going_on)]
        others.insert(self.random.randrange(3), text)
        lying = [self.filled(self.random.choice(self.half.lying), noun=self.random.choice(nouns))]
        memory = [self.filled(line) for line in self.random.sample(self.half.noted, 6)]
        state = State(self.count + 1, self.scene(lying, a=a, last=last), " ".join(memory), ("",), previous=self.scene())
        return Question(kind, " ".join(others), wanted, state)

    def context(self, fact: Fact, owner: str, noun: str, wanted: int, nouns: list[str]) -> Question:
        """The newest paragraph ends with the thing, the plan speaks of `it` alone."""
        last = self.filled("And there it was again, in the talk of {b}: the {noun}.", noun=noun)
        text = f"Now the whole story of it has to be told, and {self.random.choice(self.main)} dreads it."
        return self.question("context", text, wanted, self.random.choice(self.main), nouns, last)

    def filled(self, template: str, a: str | None = None, **fields: str) -> str:
        a = a or self.random.choice(self.main)
        she, her = ("she", "her") if a in self.half.women else ("he", "his")
        if a in self.half.men:
            template = template.replace("{her}self", "himself").replace("kill {her}", "kill him")
            for words in ("kicked {her}", "on to {her}", "over {her}"):
                template = template.replace(words, words.replace("{her}", "him"))
        place = self.random.choice(self.half.places)
        b = self.random.choice([name for name in self.main if name != a])
        thing = fields.get("thing", "")
        given = {"a": a, "b": b, "she": she, "her": her, "place": place, "noun": thing.split()[-1] if thing else ""}
        text = template.format(**{**given, **fields})
        return text[0].upper() + text[1:]
