"""Training an adapter of MemLLM on a model of a few thousand weights: labels, loss, resuming, what is written."""

from __future__ import annotations

import argparse
import csv
import importlib.util
import math
import re
import shlex
import shutil
import sys
from pathlib import Path

import data
import documents
import pytest
import tiny_model
import tokens
import train
from documents import read_document
from memories import TripleMemory
from reads import read_samples
from samples import Sample, as_lines
from tokens import IGNORED, Encoded, encoded, learnt, padded
from writes import write_samples

from memagent.errors import ExtraMissing, UsageProblem
from memagent.llms.transformers import Transformers
from memagent.types import Message, Request

MISSING = tiny_model.MISSING + [name for name in ("peft",) if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning"),  # peft asks transformers for it
]
FOLDER = Path(__file__).parents[2] / "examples" / "memllm_finetune"
STEPS = 28  # of the write samples of the example: 26 in batches of 8, 7 epochs


@pytest.fixture(scope="module")
def samples():
    names = documents.load_names(FOLDER / "sample_relations.json")
    made = [read_document(one, names) for one in documents.load(FOLDER / "sample_docs.json")]
    with TripleMemory(made) as memory:
        reads = [sample for one in made for sample in read_samples(one, memory)]
    return reads + [sample for one in made for sample in write_samples(one)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    tiny_model.build_wide(folder)
    return folder


@pytest.fixture(scope="module")
def tied(tmp_path_factory):
    """A model whose output layer is its embeddings."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder, tokenizer = tmp_path_factory.mktemp("tied"), tiny_model.byte_level()
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    with torch.random.fork_rng():
        torch.manual_seed(5)
        config = LlamaConfig(vocab_size=len(tokenizer), tie_word_embeddings=True, **sizes)
        LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def lines(tmp_path_factory, samples):
    path = tmp_path_factory.mktemp("samples") / "samples.jsonl"
    path.write_text(as_lines(samples), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng():
        yield
    torch.set_num_threads(before)


def command(lines: Path, model: Path, out: Path, *more: str) -> list[str]:
    given = ("--kind", "write", "--model", str(model), "--out", str(out), "--device", "cpu", "--batch", "8")
    return [str(lines), *given, "--epochs", "7", "--learning-rate", "0.01", *more]


def losses(out: Path) -> list[float]:
    with (out / "loss.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, len(rows) + 1))
    return [float(row["loss"]) for row in rows]


# --- tokens and labels


@pytest.mark.parametrize("make", [tiny_model.byte_level, tiny_model.sentence_piece])
def test_exactly_the_tokens_of_the_learnt_characters_are_learnt(samples, make) -> None:
    tokenizer = make()
    for sample in samples:
        places = tokenizer(sample.text, return_offsets_mapping=True)["offset_mapping"]
        ids, labels = encoded(sample, tokenizer, 4096)
        assert all(label in (IGNORED, number) for number, label in zip(ids, labels, strict=True))
        wanted = {at for start, end in sample.loss for at in range(start, end)}
        got = {
            at
            for (start, end), label in zip(places, labels, strict=False)
            if label != IGNORED
            for at in range(start, end)
        }
        assert got == wanted
        assert (len(ids) - len(places), ids[-1] == tokenizer.eos_token_id) == (int(sample.ends), sample.ends)
        assert (labels[-1] == tokenizer.eos_token_id) is sample.ends


def test_a_token_that_is_only_half_learnt_is_not() -> None:
    tokenizer = tiny_model.byte_level()
    [(start, end)] = tokenizer(" lamp", return_offsets_mapping=True)["offset_mapping"]
    assert (start, end) == (0, 5)
    assert encoded(Sample("read", "", " lamp", ((2, 5),), False), tokenizer, 9).labels == (IGNORED,)
    assert encoded(Sample("read", "", " lamp", ((0, 3),), False), tokenizer, 9).labels == (IGNORED,)
    assert encoded(Sample("read", "", " lamp", ((0, 5),), False), tokenizer, 9).labels != (IGNORED,)


def test_what_is_too_long_loses_its_beginning_and_only_then_its_end() -> None:
    tokenizer = tiny_model.byte_level()

    def kept(text, *loss, window=8):
        return tokenizer.decode(encoded(Sample("read", "", text, loss, False), tokenizer, window).ids)

    assert kept("0123456789", (6, 10)) == "23456789"
    assert kept("0123456789ABCDEF", (4, 16)) == "01234567"
    assert kept("0123456789ABCDEF", (6, 16)) == "23456789"
    assert kept("0123456789ABCDEF", (0, 3), (12, 16)) == "89ABCDEF"
    assert kept("0123", (0, 4)) == "0123"


def test_a_tokenizer_that_cannot_tell_places_is_refused() -> None:
    with pytest.raises(UsageProblem, match="object does not tell where"):
        encoded(Sample("read", "", "x", ((0, 1),), True), object(), 9)


def test_batches_are_filled_up_and_the_first_token_counts_for_nothing() -> None:
    one, two = Encoded((1, 2, 3), (1, IGNORED, 3)), Encoded((4,), (4,))
    assert padded([one, two], 9) == ([[1, 2, 3], [4, 9, 9]], [[1, 1, 1], [1, 0, 0]], [[1, -100, 3], [4, -100, -100]])
    assert learnt([one, two]) == 1


def test_an_epoch_has_each_sample_once_in_an_order_of_its_own() -> None:
    all_of_them = [Encoded((n,), (n,)) for n in range(10)]
    epochs = [
        [one for step in range(4) for one in train.batch_of(all_of_them, 4 * epoch + step, 3, 0)] for epoch in (0, 1)
    ]
    assert [sorted(epoch) for epoch in epochs] == [all_of_them, all_of_them]
    assert epochs[0] != epochs[1]
    assert [len(train.batch_of(all_of_them, step, 3, 0)) for step in range(4)] == [3, 3, 3, 1]
    assert train.batch_of(all_of_them, 0, 3, 0) != train.batch_of(all_of_them, 0, 3, 1)


def test_the_learning_rate_rises_in_the_warm_up_and_then_falls_to_nothing() -> None:
    assert [train.pace(step, 10, 0.2) for step in range(10)] == [0.5, 1.0, *(n / 8 for n in range(8, 0, -1))]
    assert train.pace(0, 1, 0.05) == 1.0


# --- training


def test_the_loss_falls_and_is_printed_and_kept(lines, model, tmp_path, capsys) -> None:
    assert train.main(command(lines, model, tmp_path)) == 0
    kept = losses(tmp_path)
    assert len(kept) == STEPS
    assert kept[-1] < 0.8 * kept[0]
    assert capsys.readouterr().out.splitlines() == [f"step {n}  loss {x:.4f}" for n, x in enumerate(kept, 1)]
    assert (tmp_path / "adapter" / "adapter_model.safetensors").stat().st_size < 200_000


def test_the_loss_is_the_mean_over_the_learnt_tokens_whatever_the_micro_batch(samples, model, tmp_path) -> None:
    import torch

    writes = [sample for sample in samples if sample.kind == "write"]
    first = []
    for size in ("1", "3", "8"):
        asked = train.options().parse_args(
            command(Path("-"), model, tmp_path / size, "--dropout", "0", "--micro-batch", size, "--stop-after", "1")
        )
        run = train.Run(asked, writes)
        with torch.no_grad():
            total, count = 0.0, 0
            for one in train.batch_of(run.samples, 0, 8, 0):
                scores = run.model(input_ids=torch.tensor([one.ids])).logits[0].log_softmax(-1)
                for at, label in enumerate(one.labels[1:]):
                    if label != IGNORED:
                        total, count = total - scores[at, label].item(), count + 1
        first += run.train()
        assert math.isclose(first[-1], total / count, rel_tol=1e-4)
    assert len(first) == 3


def test_a_run_that_was_stopped_ends_as_one_that_was_not(lines, model, tmp_path, capsys) -> None:
    from safetensors.torch import load_file

    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train.main(command(lines, model, whole)) == 0
    assert train.main(command(lines, model, parts, "--stop-after", "10")) == 5
    assert len(losses(parts)) == 10
    assert "stopped at step 10" in capsys.readouterr().err
    assert train.main(command(lines, model, parts)) == 0
    assert losses(parts) == losses(whole)
    one, other = (load_file(out / "adapter" / "adapter_model.safetensors") for out in (whole, parts))
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)
    assert train.main(command(lines, model, parts)) == 0  # nothing is left to do
    assert len(losses(parts)) == STEPS


def test_a_run_with_other_settings_or_samples_is_not_gone_on_with(lines, model, tmp_path, capsys) -> None:
    assert train.main(command(lines, model, tmp_path, "--stop-after", "1")) == 5
    assert train.main(command(lines, model, tmp_path, "--rank", "4", "--seed", "3")) == 1
    assert "other rank, seed" in capsys.readouterr().err
    assert train.main([str(lines), *command(lines, model, tmp_path)]) == 1
    assert "other samples" in capsys.readouterr().err
    assert len(losses(tmp_path)) == 1


def test_every_linear_layer_and_the_output_layer_have_an_adapter_and_nothing_else_is_trained(model) -> None:
    from memagent.llms.transformers_loading import load

    asked = train.options().parse_args(command(Path("-"), model, Path("-")))
    made = train.with_adapter(load(str(model), "cpu", None)[0], asked)
    trained = {name.split(".lora_")[0].rsplit(".", 1)[-1] for name, w in made.named_parameters() if w.requires_grad}
    assert trained == {*("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"), "lm_head"}
    assert all("lora_" in name for name, weight in made.named_parameters() if weight.requires_grad)
    config = made.peft_config["default"]
    assert (config.r, config.lora_alpha, config.lora_dropout) == (16, 8, 0.1)


def test_a_merged_model_runs_in_memagent_and_reads_as_before(lines, tied, tmp_path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    for more in ((), ("--merge",)):
        assert train.main(command(lines, tied, tmp_path, "--epochs", "1", *more)) == 0
    base = AutoModelForCausalLM.from_pretrained(tied)
    given = base.get_input_embeddings().weight.detach().clone()
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    assert torch.equal(merged.get_input_embeddings().weight, given)
    assert not torch.equal(merged.get_output_embeddings().weight, given)
    train._part_output(base)
    adapted = PeftModel.from_pretrained(base, tmp_path / "adapter").eval()
    ids = torch.arange(40)[None]
    with torch.no_grad():
        torch.testing.assert_close(merged(input_ids=ids).logits, adapted(input_ids=ids).logits, rtol=1e-4, atol=1e-5)
    said = Transformers(str(tmp_path / "merged"), device="cpu").complete(Request((Message("user", "x"),), max_tokens=3))
    assert said.usage.output_tokens >= 1


def test_memory_is_saved_without_another_result(lines, model, tmp_path) -> None:
    for name, more in (("plain", ()), ("saved", ("--save-memory",))):
        assert train.main(command(lines, model, tmp_path / name, "--stop-after", "2", *more)) == 5
    assert losses(tmp_path / "saved") == pytest.approx(losses(tmp_path / "plain"), rel=1e-4)


def test_what_cannot_be_trained_is_said_in_words(lines, model, tmp_path, capsys) -> None:
    (tmp_path / "none.jsonl").write_text("", encoding="utf-8")
    assert train.main(command(tmp_path / "none.jsonl", model, tmp_path)) == 1
    assert "there are no samples to write" in capsys.readouterr().err
    assert train.main(command(lines, tmp_path / "nowhere", tmp_path)) == 1
    assert "there is no folder" in capsys.readouterr().err
    assert train.main(command(lines, model, tmp_path, "--device", "cuda:99")) == 1
    assert "there is no device" in capsys.readouterr().err


def test_without_peft_the_line_that_installs_it_is_told(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ExtraMissing, match=r'pip install "memagent\[local\]" peft'):
        train.check_libraries()


def test_the_commands_of_the_readme_run(model, tmp_path, monkeypatch) -> None:
    shutil.copytree(FOLDER, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    block = re.search(r"^```\n(.*?)^```", (FOLDER / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert block is not None
    commands = [shlex.split(line)[1:] for line in block[1].splitlines() if line.startswith("python ")]
    assert [script for script, *_ in commands] == ["data.py", "train.py", "train.py"]
    for script, *arguments in commands:
        given = [str(model) if argument == "FOLDER-OR-HUB-NAME" else argument for argument in arguments]
        assert {"data.py": data.main, "train.py": train.main}[script](given) == 0
    assert [(Path(name) / "merged" / "config.json").exists() for name in ("reader", "writer")] == [True, True]


def test_the_defaults_are_those_of_the_paper() -> None:
    asked: argparse.Namespace = train.options().parse_args(["s", "--kind", "read", "--model", "m", "--out", "o"])
    assert (asked.rank, asked.alpha, asked.dropout, asked.batch, asked.window) == (16, 8, 0.1, 96, 1024)
    assert (asked.epochs, asked.learning_rate) == (2, 5e-5)
    assert tokens.IGNORED == -100
