"""What people say between what they have to tell: names, greetings, small talk, and ways to tell a day.

Where there are two lists, the first is for conversations of even seeds, which are held out, the second for odd ones.
"""

from __future__ import annotations

NAMES = (
    ["Ingrid", "Marcus", "Leila", "Owen", "Sofia", "Darnell", "Hana", "Felix"],
    ["Nora", "Theo", "Amara", "Julian", "Bianca", "Victor", "Elise", "Ravi"],
)
WHENS = [
    (1, "yesterday"),
    (1, "last night"),
    (2, "two days ago"),
    (7, "last week"),
    (4, "a few days ago"),
    (14, "two weeks ago"),
    (30, "last month"),
    (-1, "last weekday"),
    (-1, "last weekday"),
    (0, "the other day"),
    (0, "recently"),
]
HELLO = [
    "Hey {other}! Long time no talk. How have you been?",
    "Hi there, good to see you! What's new?",
    "Hey you! I was just thinking of you. How's it going?",
    "Hello stranger, how was your week?",
    "Hey, how are things at home?",
]
HELLO_BACK = [
    "Hey! All good here, thanks. Busy, but good.",
    "Hi! Can't complain. It's nice to hear from you.",
    "Hello hello! I'm doing great, thanks for asking.",
    "Oh hi {other}! Tired, but happy to talk.",
]
BYE = [
    "Thanks for the chat. Take care!",
    "I have to go, the oven is beeping. Talk soon!",
    "Let's catch up again soon, ok? Hugs!",
    "Good night, sleep well!",
]
OPENERS = ["Oh,", "Honestly,", "So,", "Well,", "Haha,", "You know,", "Wow,", "By the way,"]
TURNING = ["How about you?", "What's new on your side?", "What do you think?", "Anything like that with you?"]
REACTIONS = [
    "That's so great to hear!",
    "I love that for you.",
    "Wow, I need to see it one day.",
    "Haha, that's typical you.",
    "Keep it up, you're doing amazing.",
    "That must mean a lot to you.",
    "Thanks for sharing that with me.",
]
PHOTOS = [
    "a person smiling at the camera in front of a window",
    "a wooden table with a cup on it",
    "two people standing side by side outdoors",
    "a close up of a pair of hands",
]
RESTATING = [
    "That is how it goes with {value}.",
    "I never thought {value} would become a thing for me.",
    "So much for {value}!",
    "And all that because of {value}.",
    "{value}, who would have guessed?",
]
FILLERS = (
    [
        "Life throws the strangest things at us sometimes.",
        "I think I really needed a bit of change.",
        "It made me realise how lucky we are with the people around us.",
        "The whole street seemed to know before I did.",
        "I had the biggest mug of cocoa afterwards.",
        "My neighbour thinks I'm completely mad.",
        "We should do something together when you're back in town.",
        "It was harder than it looks, but worth every minute.",
        "I took a long walk to clear my mind.",
        "My mother would have laughed so much about that.",
        "There is always something going on here.",
        "I'm learning to be patient, slowly.",
        "The little moments count the most, don't they.",
        "I felt so supported by everybody.",
        "It reminded me of when we were young and broke.",
        "I still get goosebumps when I picture it.",
        "You would have liked the people there.",
        "I could go on for hours, stop me if I bore you.",
        "Nothing beats a quiet evening after such a day.",
        "One step at a time, as they say.",
    ],
    [
        "Some days you simply have to say yes to things.",
        "I was nervous, but in a good way.",
        "It gave me a lot to think about on the train.",
        "My flatmate rolled his eyes, as usual.",
        "I wrote it all down in my diary afterwards.",
        "We laughed like teenagers.",
        "The best ideas come when you least expect them.",
        "I hope it stays like this for a while.",
        "It's such a relief to tell somebody.",
        "My granny always said the same.",
        "It rained, of course, but nobody minded.",
        "I had butterflies in my stomach all morning.",
        "You learn something new about yourself every day.",
        "There was a long queue, but time flew by.",
        "I came home late and slept like a stone.",
        "It's funny how these things turn out.",
        "I'm grateful, even on the messy days.",
        "That is what keeps me going at the moment.",
        "We have to plan a visit soon.",
        "Everyone was so kind and welcoming.",
    ],
)
AGAIN = [
    "By the way, I told a colleague about {value}, hope that's fine.",
    "I keep thinking of what you said about {value}.",
    "How is it going, all that with {value}?",
    "I saw something that reminded me of {value} and of you.",
]
AND_BACK = ["Haha, that's sweet.", "Oh, all fine, thanks for asking!", "That makes me smile.", "Nothing new there."]
SMALL = (
    [
        ["It's been raining here all week, I'm tired of it.", "Same here. I miss the sun on my face."],
        [
            "Work is a circus at the moment.",
            "I hear you. My inbox has its own zip code.",
            "At least we get paid for it.",
        ],
        [
            "Have you eaten yet?",
            "Only toast. I'm lazy today.",
            "Toast is a meal, don't let anybody tell you otherwise.",
        ],
        ["I can't believe how fast this year goes.", "Right? It feels like it started a minute ago."],
        ["My phone keeps dying, sorry if I vanish.", "No worries, I'm not going anywhere."],
        ["What are your plans for the weekend?", "Sleep, food, sleep. A person needs goals."],
        ["I needed a laugh today.", "Glad to be of service.", "You always are."],
        ["The kids next door learned a new kind of scream.", "Oh dear. Headphones!"],
    ],
    [
        ["The traffic was awful this morning.", "Again? You should charge them for your time."],
        ["I've been sleeping so badly.", "Full moon, maybe. Or too much coffee.", "I blame the coffee."],
        ["Is it as hot where you are?", "I'm melting. I sit with my feet in a bucket.", "Living the dream!"],
        ["I have so much laundry that it has a name.", "Introduce me one day."],
        ["Do you ever miss school?", "Only the summer holidays.", "And the friends, I guess."],
        ["My boss sent us home early today.", "Lucky! Mine would never do that kind of thing."],
        ["I'm trying to spend less time on my phone.", "Says the one who's typing.", "Fair point."],
        ["There's a cold going around at work.", "Stay away from it, wash your hands!"],
    ],
)
