"""A language model of 2 layers that was taught one conversation by heart. Made in seconds, with no network."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

MISSING = [name for name in ("torch", "transformers", "tokenizers") if importlib.util.find_spec(name) is None]

QUESTION = "Who keeps the lamp?"
# Most characters of the second sentence are several tokens each: the tokenizer never saw them.
ANSWER = "Mara keeps the lamp of the harbour. 灯塔在海边 🌊👩‍🚀! Yes, see [the log](tide) and no more."
WORDS = ["Mara keeps the lamp of the harbour.", "Yes, see [the log](tide) and no more.", "yes yes the lamp the harbour"]
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WINDOW = 192


def build(folder: Path) -> None:
    """Write a chat model to `folder / "chat"` and the same without a chat template to `folder / "base"`."""
    tokenizer = byte_level()
    model = taught(tokenizer)
    for name, template in (("chat", TEMPLATE), ("base", None)):
        tokenizer.chat_template = template
        tokenizer.save_pretrained(folder / name)
        model.save_pretrained(folder / name)


def build_wide(folder: Path) -> None:
    """Write a chat model of random weights with room for a prompt."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = byte_level()
    tokenizer.chat_template = TEMPLATE
    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=8192,
            eos_token_id=tokenizer.eos_token_id,
        )
        model = LlamaForCausalLM(config)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)


def build_reader(folder: Path, question: str, answer: str) -> None:
    """Write a chat model that answers one question with one answer, which may hold a call."""
    tokenizer = byte_level()
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    taught(tokenizer, question, answer).save_pretrained(folder)


def byte_level() -> Any:
    """Return a byte-level BPE tokenizer with the control tokens of ChatML."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=340,
        special_tokens=["<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(WORDS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|im_end|>")


def sentence_piece() -> Any:
    """Return a tokenizer as Llama 2 has it: blanks are part of pieces, and unknown characters fall back to bytes."""
    from tokenizers import Tokenizer, decoders, models, normalizers
    from transformers import PreTrainedTokenizerFast

    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *"▁[].,!aehklmprsty"]
    merges = [("▁", "l"), ("▁l", "a"), ("▁la", "m"), ("▁lam", "p"), ("▁", "["), ("l", "a")]
    pieces += ["".join(pair) for pair in merges]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    made = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>", bos_token="<s>", eos_token="</s>")


def taught(tokenizer: Any, question: str = QUESTION, answer: str = ANSWER) -> Any:
    """Return a model that answers a question with one answer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    config = LlamaConfig(
        vocab_size=len(tokenizer) + 12,  # as real models, with more rows than tokens
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=WINDOW,
        bos_token_id=None,
        eos_token_id=end,
        tie_word_embeddings=True,
    )
    turns = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n"
    ids = torch.tensor([tokenizer(turns, add_special_tokens=False)["input_ids"]])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(config)
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        for _ in range(150):
            optimizer.zero_grad()
            model(input_ids=ids, labels=ids).loss.backward()
            optimizer.step()
    return model
