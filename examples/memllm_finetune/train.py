"""Train one of the two adapters of MemLLM (arXiv:2404.11672), to read or to write, on samples that data.py made.

python examples/memllm_finetune/train.py samples.jsonl --kind read --model mistralai/Mistral-7B-v0.1 --out my-reader

LoRA on all linear layers and the output layer. The same command goes on where it was stopped. Exit codes: 0 done, 1 an
error, 5 stopped at `--stop-after`.

Departures from the paper: the markers of calls are text, in as many tokens as the tokenizer makes of them, and none are
added to it. Warm-up, decay and weight decay are those of its published code.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import random
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from samples import Sample, load_samples
from tokens import IGNORED, Encoded, encoded, learnt, padded

from memagent.devices import find_device
from memagent.errors import ExtraMissing, MemagentError, UsageProblem
from memagent.files import replace
from memagent.llms.transformers_loading import library, load

DONE, FAILED, STOPPED = 0, 1, 5
_SETTINGS = (  # what must be as it was to go on with a run
    *("model", "kind", "rank", "alpha", "dropout", "learning_rate", "warmup", "weight_decay"),
    *("batch", "epochs", "window", "seed"),
)


class Run:
    """A model with an adapter that is trained, and how far it has come. Needs torch, transformers and peft.

    Args:
        asked: the options, see `options`.
        samples: those to train on.

    Raises:
        ExtraMissing: a library is not there.
        ConfigError: the model cannot be loaded.
        UsageProblem: there is nothing to train on, or the folder holds a run with other settings.
    """

    def __init__(self, asked: argparse.Namespace, samples: Sequence[Sample]) -> None:
        import torch

        self.asked = asked
        self.device = find_device(asked.device)
        self.model, self.tokenizer = load(asked.model, self.device, asked.dtype)
        made = [encoded(sample, self.tokenizer, asked.window) for sample in samples]
        self.samples = [one for one in made if learnt([one])]
        if not self.samples:
            raise UsageProblem(f"there are no samples to {asked.kind}", hint="Make some with data.py.")
        self.settings = {name: str(getattr(asked, name)) for name in _SETTINGS}
        self.settings["samples"] = sha256(repr(samples).encode()).hexdigest()
        torch.manual_seed(asked.seed)
        self.model = with_adapter(self.model, asked)
        self.weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimizer = torch.optim.AdamW(self.weights, lr=asked.learning_rate, weight_decay=asked.weight_decay)
        self.losses: list[float] = []
        self.total = asked.epochs * -(-len(self.samples) // asked.batch)
        self._restore()

    def train(self) -> Iterator[float]:
        """Train to the end, or up to `--stop-after` steps more, and yield the loss of each step, in nats a token."""
        last = self.total if self.asked.stop_after is None else len(self.losses) + self.asked.stop_after
        last = min(last, self.total)
        self.model.train()
        while len(self.losses) < last:
            self.losses.append(self._step(len(self.losses)))
            if len(self.losses) % self.asked.save_every == 0 or len(self.losses) == last:
                self.save()
            yield self.losses[-1]

    def save(self) -> None:
        """Write the checkpoint as a whole, and loss.csv."""
        import torch
        from peft import get_peft_model_state_dict

        new = self._checkpoint.with_suffix(".new")
        new.parent.mkdir(parents=True, exist_ok=True)
        adapter = get_peft_model_state_dict(self.model, save_embedding_layers=False)
        state = {"adapter": adapter, "optimizer": self.optimizer.state_dict()}
        torch.save({**state, "losses": self.losses, "settings": self.settings}, new)
        os.replace(new, self._checkpoint)
        table = io.StringIO()
        rows = ((step, f"{loss:.6f}") for step, loss in enumerate(self.losses, 1))
        csv.writer(table, lineterminator="\n").writerows([("step", "loss"), *rows])
        replace(self.asked.out / "loss.csv", table.getvalue())

    def finish(self) -> Path:
        """Write the adapter, or the model with the adapter merged into it, with the tokenizer; return the folder."""
        self.model.eval()
        if self.asked.merge:
            folder = Path(self.asked.out) / "merged"
            self.model.merge_and_unload().save_pretrained(folder)
        else:
            folder = Path(self.asked.out) / "adapter"
            self.model.save_pretrained(folder, save_embedding_layers=False)
        self.tokenizer.save_pretrained(folder)
        return folder

    @property
    def _checkpoint(self) -> Path:
        return Path(self.asked.out) / "checkpoint.pt"

    def _restore(self) -> None:
        """Go on from the checkpoint, if there is one."""
        import torch
        from peft import set_peft_model_state_dict

        if not self._checkpoint.exists():
            return
        state = torch.load(self._checkpoint, map_location=self.device, weights_only=True)
        other = [name for name, value in self.settings.items() if state["settings"].get(name) != value]
        if other:
            hint = "Give another --out, or the same options as before."
            raise UsageProblem(f"{self._checkpoint} is of a run with other {', '.join(other)}", hint=hint)
        set_peft_model_state_dict(self.model, state["adapter"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.losses = list(state["losses"])

    def _step(self, step: int) -> float:
        """Take one step of the optimizer; what is random in it depends on the seed and its number alone."""
        import torch

        torch.manual_seed(self.asked.seed * 1_000_003 + step + 1)
        batch = batch_of(self.samples, step, self.asked.batch, self.asked.seed)
        for group in self.optimizer.param_groups:
            group["lr"] = self.asked.learning_rate * pace(step, self.total, self.asked.warmup)
        self.optimizer.zero_grad()
        count, total = learnt(batch), 0.0
        for start in range(0, len(batch), self.asked.micro_batch):
            loss = self._loss(batch[start : start + self.asked.micro_batch]) / count
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimizer.step()
        return total

    def _loss(self, batch: Sequence[Encoded]) -> Any:
        """Return the sum of the losses of the tokens that are learnt."""
        import torch

        ids, mask, labels = (
            torch.tensor(rows, device=self.device) for rows in padded(batch, self.tokenizer.eos_token_id or 0)
        )
        logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1].float()
        wanted = labels[:, 1:].reshape(-1)
        return torch.nn.functional.cross_entropy(
            logits.reshape(len(wanted), -1), wanted, ignore_index=IGNORED, reduction="sum"
        )


def with_adapter(model: Any, asked: argparse.Namespace) -> Any:
    """Return a model with LoRA on each linear layer, the output layer among them."""
    import torch
    from peft import LoraConfig, get_peft_model

    _part_output(model)
    layers = {name.rpartition(".")[2] for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)}
    if asked.save_memory:
        getattr(model, "activation_checkpointing_enable", model.gradient_checkpointing_enable)()  # its new name first
        model.enable_input_require_grads()
    config = LoraConfig(
        r=asked.rank,
        lora_alpha=asked.alpha,
        lora_dropout=asked.dropout,
        target_modules=sorted(layers),
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def _part_output(model: Any) -> None:
    """Give the output layer weights of its own, where a model shares them with its embeddings.

    What is merged into it would else change how the model reads.
    """
    import torch

    output, given = model.get_output_embeddings(), model.get_input_embeddings()
    if output is not None and given is not None and output.weight is given.weight:
        output.weight = torch.nn.Parameter(output.weight.detach().clone())
        model.config.get_text_config().tie_word_embeddings = model.config.tie_word_embeddings = False


def batch_of(samples: Sequence[Encoded], step: int, size: int, seed: int) -> list[Encoded]:
    """Return the samples of a step; each epoch has all of them once, in an order of its own."""
    steps = -(-len(samples) // size)
    epoch, place = divmod(step, steps)
    order = list(range(len(samples)))
    random.Random(f"{seed}/{epoch}").shuffle(order)
    return [samples[at] for at in order[place * size : (place + 1) * size]]


def pace(step: int, total: int, warmup: float) -> float:
    """Return the part of the learning rate at a step, from 0: up in a line over the warm-up, then down to nothing."""
    rising = round(total * warmup)
    return (step + 1) / rising if step < rising else (total - step) / max(1, total - rising)


def options() -> argparse.ArgumentParser:
    """Return what can be asked for; the defaults are the paper's."""
    parser = argparse.ArgumentParser(
        description="Train an adapter of MemLLM.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("samples", type=Path, nargs="+", help="files that data.py made; one that is given twice counts twice")
    add("--kind", choices=("read", "write"), required=True, help="which adapter")
    add("--model", required=True, help="a folder with a model, or a name on the Hugging Face hub")
    add("--out", type=Path, required=True, help="folder for checkpoint, loss.csv and the adapter")
    add("--merge", action="store_true", help="write the whole model with the adapter in it, for transformers:FOLDER")
    add("--rank", type=_count, default=16, help="of LoRA")
    add("--alpha", type=float, default=8, help="of LoRA")
    add("--dropout", type=float, default=0.1, help="of LoRA")
    add("--learning-rate", type=float, default=5e-5, help="the paper's for distant data; 2e-5 for annotated")
    add("--warmup", type=float, default=0.05, help="part of all steps in which the learning rate rises")
    add("--weight-decay", type=float, default=0.001, help="of AdamW")
    add("--batch", type=_count, default=96, help="samples a step")
    add("--micro-batch", type=_count, default=4, help="samples at a time, as many as the memory holds")
    add("--epochs", type=_count, default=2, help="times that each sample is seen")
    add("--window", type=_count, default=1024, help="most tokens of a sample")
    add("--seed", type=int, default=0, help="of the first weights, the order and the dropout")
    add("--save-every", type=_count, default=50, help="steps from one checkpoint to the next")
    add("--stop-after", type=_count, help="steps of this call; the next goes on")
    add("--save-memory", action="store_true", help="compute activations twice in place of keeping them")
    add("--device", help="cpu, cuda, cuda:1, mps; the best that is there if not given")
    add("--dtype", help="auto, float32, bfloat16, float16; float32 on a processor, else as the weights were saved")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print the loss of each step, and return the exit code."""
    asked = options().parse_args(arguments)
    try:
        check_libraries()
        run = Run(asked, [one for path in asked.samples for one in load_samples(path) if one.kind == asked.kind])
        began = len(run.losses)
        print(f"{len(run.samples)} samples, {run.total} steps on {run.device}, {began} done", file=sys.stderr)
        for number, loss in enumerate(run.train(), began + 1):
            print(f"step {number}  loss {loss:.4f}", flush=True)
        if len(run.losses) < run.total:
            print(f"stopped at step {len(run.losses)}; the same command goes on", file=sys.stderr)
            return STOPPED
        print(f"done: {run.finish()}", file=sys.stderr)
    except MemagentError as error:
        print(error, file=sys.stderr)
        return FAILED
    return DONE


def check_libraries() -> None:
    """Raise `ExtraMissing` with the line that installs what is missing."""
    library()
    try:
        import peft  # noqa: F401
    except ImportError as error:
        raise ExtraMissing(f"training needs peft: {error}", hint='pip install "memagent[local]" peft') from error


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
