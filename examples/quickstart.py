"""Keep some notes, find them, answer from them, and look at what happened. Runs with no key and no network."""

from pathlib import Path

from memagent import Controller, Memory, plain
from memagent.indexing.files import notes_from

HERE = Path(__file__).parent


def main() -> None:
    """Ask one question of the notes beside this file."""
    with Memory(":memory:") as memory:
        alice = memory.bind(user="alice")
        alice.add(notes_from([HERE / "notes"]))

        for hit in alice.search("Who rings the bell in fog?", k=2):
            print(f"{hit.score:.2f}  {hit.source}  {hit.title}\n      {hit.why}")

        result = Controller("offline", alice).run(plain("Who keeps the lighthouse at Gull Point?"))
        print(f"\n{result.value.text}\n\n{result.trace}")
        for record in result.trace:
            print(f"  {type(record.step).__name__:10} {record.seconds * 1000:6.1f} ms  {record.usage.tokens} tokens")


if __name__ == "__main__":
    main()
