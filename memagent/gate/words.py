"""Small words of several languages that the gate of triples knows: pronouns, articles, copulas and the like."""

from __future__ import annotations

FIRST_PERSON = frozenset(
    "i me my mine myself i'm ich mich mir mein meine je j moi mon ma mes yo mí mi mis io me mio mia eu meu minha "
    "я меня мне мой моя ik mij mijn jag mig jeg meg 我 我的 私 僕 俺 speaker user the_user".split()
)
"""Words for who speaks, in ten languages and as roles of a chat."""
WE = frozenset(
    "we us our we've we're we'd we'll wir uns unser unsere nous notre nos nosotros nosotras noi nós мы нас наш наша "
    "wij ons onze 我们 我們".split()
)
"""Words for several, of whom who speaks is one."""
NAMES = frozenset("Mia Mio Ma Mi Io Mon Meu".split())
"""Names that are words for the speaker in some language where they are not capitals."""
PRONOUNS = FIRST_PERSON | frozenset(
    "you your he him his she her hers it its they them their we us our this that these those who which what there "
    "here "
    "one someone somebody anyone everyone nobody something nothing everything both all he's she's it's "
    "du dich dir dein er ihn ihm sie es wir uns ihr ihnen man das dies diese dieser dieses wer jemand niemand "
    "tu toi il elle on nous vous ils elles ce cela ça ceci quelqu'un tú él ella ello nosotros vosotros ellos "
    "ellas usted "
    "ustedes esto eso alguien lui lei noi voi loro questo quello qualcuno ele ela nós eles elas você isso isto "
    "alguém "
    "ты вы он она оно мы они его её ее их ему ей им это этот эта кто кто-то "
    "你 您 他 她 它 我们 你们 他们 她们 这 那 这个 那个 谁 彼 彼女 彼ら あなた これ それ あれ 誰 "
    "그 그녀 나 너 이것".split()
)
"""Words that name nobody by themselves."""
SMALL = frozenset(
    "the a an of and or in on at to for by with de la le les du des von van der die das den dem el los las il lo di "
    "da "
    "и в на с из у of".split()
)
"""Words of a name that need not stand in the sentence."""
LIGHT = SMALL | frozenset(
    "is are was were be been being am has have had having does do did as from into than that this who which "
    "whose not no located situated "
    "ist sind war waren hat haben hatte als est sont était a ont es son era tiene fue es sono è ha é foi tem är är "
    "var "
    "это есть был была имеет".split()
)
"""Words of a relation that need not stand in the sentence."""
EMPTY = PRONOUNS | frozenset(
    "ok okay yeah oh ah hey "
    "the a an and or but if when where while because than that this so as by then also not no yes very too just "
    "perhaps maybe "
    "sorry please hello would could should might must shall can cannot do does did be been being am is are was were "
    "i'd i'll i've i'm it's that's".split()
)
"""Words that name nothing where they are all of a subject or object, and say nothing where all of a relation."""
COPULAS = frozenset("is are was were am be es son est sont ist sind sono são".split())
