"""Why nothing is learnt from a line: the words that stand in the list of what was refused.

Whoever knows better keeps a triple with `facts.add`, which asks nothing.
"""

from __future__ import annotations

GREETING, INSTRUCTION, PROMPT = "a greeting or thanks", "an instruction", "a system prompt"
MACHINE = "written for a machine"
ROW = "fields of a row, and no sentence"
RECALLED, QUESTION, SUPPOSED, MODEL = "recalled text", "a question", "a supposition", "said by the model itself"
UNLED = "an item of a list that nobody introduces, as a memory prints it (facts.add keeps it all the same)"
LABELLED = "under a label, as records and prompts have it (facts.add keeps it all the same)"
QUOTED = "quoted from somebody"
ANSWER = "an answer in a list of questions"
OTHER = "said by somebody else in a transcript (name the speaker to learn from it)"
TO_YOU = "said to the listener, about the listener"
UNKNOWN_FORM = "not surely a statement, by what the gate knows of its language (facts.add keeps it all the same)"
