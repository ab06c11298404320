"""A language model of 2 layers that was taught to write what a sentence states, and to read what a question needs.

Its samples are made by `examples/memllm_finetune` of generated documents. All names are drawn anew for each document,
so that it can only copy them; those of `KEPT_BACK` are in no document. No network.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "memllm_finetune"))

QUESTIONS = {"lives in": "Where does {} live ?", "works for": "Whom does {} work for ?", "sails": "What does {} sail ?"}
KEPT_BACK = "Bago Dile Gumo Kera Lotu Mabi Neso Rudi Sato Tenu".split()

_CONSONANTS, _VOWELS = "bdgklmnrst", "aeiou"
_WORDS = "lives live in works work for sails sail Where Whom What does".split()
_MARKS = ["({", "})", "-->", ">>", "MEM_READ(", "MEM_WRITE", "USER_ST})", "USER_END})"]
_DOCUMENTS, _STEPS, _BATCH, _RATE, _WINDOW = 2500, 800, 24, 1e-2, 128
_LEARNT, _TRIES = 0.2, 3  # nats a token at the end; the first names of a text can only be guessed, which is most of it


def build(folder: Path) -> list[float]:
    """Write the model to a folder and return the loss of each step. Half a minute on one core.

    Learning to copy comes all at once, and not from every beginning: another is tried where it did not come.
    """
    from tokens import encoded

    tokenizer = syllables()
    chance = random.Random(0)
    samples = [sample for raw in documents(chance) for sample in samples_of(raw)]
    with _one_thread():
        read = [encoded(sample, tokenizer, _WINDOW) for sample in samples]
        for seed in range(_TRIES):
            model, losses = _taught(tokenizer, read, chance, seed)
            if sum(losses[-40:]) / 40 < _LEARNT:
                break
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return losses


def documents(chance: random.Random) -> Iterator[dict[str, Any]]:
    """Yield documents in the format of Re-DocRED: a sentence that states a fact, half of them behind its question."""
    for number in range(_DOCUMENTS):
        relation = chance.choice([*QUESTIONS])
        subject, object = _names(chance)
        stated = [subject, *relation.split(), object, "."]
        asked = [QUESTIONS[relation].format(subject).split()] if number % 2 else []
        at = len(asked)
        subjects = [(line, sentence.index(subject)) for line, sentence in enumerate([*asked, stated])]
        yield {
            "title": str(number),
            "sents": [*asked, stated],
            "vertexSet": [
                [_mention(subject, line, place) for line, place in subjects],
                [_mention(object, at, stated.index(object))],
            ],
            "labels": [{"h": 0, "t": 1, "r": relation, "evidence": [at]}],
        }


def samples_of(raw: dict[str, Any]) -> Iterator[Any]:
    """Yield the samples that write and that read of a document; a memory that knows nothing shows the gold target."""
    from documents import read_document
    from reads import read_samples
    from writes import write_samples

    document = read_document(raw, {relation: relation for relation in QUESTIONS}, "natural")
    yield from write_samples(document)
    yield from read_samples(document, lambda query: ())


def syllables() -> Any:
    """Return a tokenizer of syllables, of the words of the documents, and of the marks of calls, as the paper's has."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: number for number, piece in enumerate(["<|end|>", *alphabet])}
    merges: list[tuple[str, str]] = []
    pairs = [(word[:end], word[end]) for word in _WORDS for end in range(1, len(word))]
    pairs += [(first, second) for first in _CONSONANTS + _CONSONANTS.upper() for second in _VOWELS]
    for pair in pairs:
        if "".join(pair) not in vocabulary:
            vocabulary["".join(pair)] = len(vocabulary)
            merges.append(pair)
    made = Tokenizer(models.BPE(vocabulary, merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|end|>")
    tokenizer.add_tokens(_MARKS)
    return tokenizer


def _names(chance: random.Random) -> list[str]:
    """Draw two names that are not the same and not kept back."""
    found: list[str] = []
    while len(found) < 2:
        name = "".join(chance.choice(_CONSONANTS) + chance.choice(_VOWELS) for _ in range(2)).capitalize()
        if name not in KEPT_BACK and name not in found:
            found.append(name)
    return found


def _mention(name: str, sentence: int, place: int) -> dict[str, Any]:
    return {"name": name, "sent_id": sentence, "pos": [place, place + 1], "type": "PER"}


def _taught(tokenizer: Any, encoded: list[Any], chance: random.Random, seed: int) -> tuple[Any, list[float]]:
    import torch
    from tokens import IGNORED, padded
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    losses: list[float] = []
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, betas=(0.9, 0.98))
        pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=_STEPS, pct_start=0.1)
        for _ in range(_STEPS):
            ids, mask, labels = (torch.tensor(rows) for rows in padded(chance.sample(encoded, _BATCH), 0))
            logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
            wanted = labels[:, 1:].reshape(-1)
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted, ignore_index=IGNORED)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            pace.step()
            losses.append(loss.item())
    return model, losses


@contextmanager
def _one_thread() -> Iterator[None]:
    """Matrices so small are multiplied sooner by one thread than by several."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
