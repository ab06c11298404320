"""A memory of triples can be edited, and the same question then has another answer. Runs with no key and no network."""

from memagent import Controller, Memory, memllm, memllm_write
from memagent.display import memllm as views
from memagent.display import show, triples

TEXT = "Ida lives in Oslo. Mara Lindqvist works for the harbour office."
QUESTION = "Where does Ida live?"


def main() -> None:
    """Learn two facts from a text, ask, edit one of them, and ask again."""
    with Memory(":memory:") as memory:
        alice = memory.bind(user="alice")
        controller = Controller("offline", alice)
        written = controller.run(memllm_write(TEXT, source="a talk")).value
        show(written)

        relations = [relation.name for relation in alice.facts.relations()]
        before = controller.run(memllm(QUESTION, relations=relations)).value
        alice.facts.declare("lives in")  # one place at a time: a newer one takes the place of the older
        alice.facts.edit("Ida", "lives in", "Bergen", source="a letter")
        after = controller.run(memllm(QUESTION, relations=relations)).value

        show(triples.table(alice, written=written, answer=after))
        show(views.changed(before, after, alice.facts.history("Ida", "lives in")))


if __name__ == "__main__":
    main()
