"""A real model of two layers on this machine, against `generate` and the full forward pass of its own library."""

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tiny_model import ANSWER, MISSING, QUESTION, WINDOW

from memagent import registry
from memagent.errors import BackendError, CapabilityError, ConfigError, ExtraMissing, Refused, UsageProblem
from memagent.llms.transformers import Transformers
from memagent.llms.transformers_sampling import Sampler
from memagent.testing import check_llm
from memagent.types import Completion, Message, Request

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

ASKED = (Message("user", QUESTION),)
RANDOM = Request(ASKED, temperature=3.0, seed=7, max_tokens=30, logprobs=True)
ENDLESS = Request(ASKED, logit_bias={"<|im_end|>": -100})


@pytest.fixture(scope="module")
def chat(tiny_models):
    return Transformers(str(tiny_models / "chat"), device="cpu")


@pytest.fixture(scope="module")
def base(tiny_models):
    return Transformers(str(tiny_models / "base"), device="cpu")


@pytest.fixture
def steps(monkeypatch):
    """Record the ids that are generated; `steps.pause` seconds go by with each."""

    class Steps(list):
        pause = 0.0

    steps, step = Steps(), Sampler.step

    def recorded(self):
        time.sleep(steps.pause)
        number, logprob = step(self)
        steps.append(number)
        return number, logprob

    monkeypatch.setattr(Sampler, "step", recorded)
    return steps


def prompt(model, text):
    return model._tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]


def turns(prefill=""):
    return f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n{prefill}"


def oracle(model, text, **options):
    """Return what the library's own `generate` continues a text with."""
    ids = prompt(model, text)
    made = model._model.generate(ids, do_sample=False, attention_mask=ids.new_ones(ids.shape), **options)
    return model._tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)


def logprobs(model, text, generated):
    """Return the log-probability of each generated id by one pass over all of the text."""
    import torch

    before = prompt(model, text)[0].tolist()
    with torch.no_grad():
        logits = model._model(input_ids=torch.tensor([before + generated]), use_cache=False).logits[0]
    table = torch.log_softmax(logits.double(), dim=-1)
    return [float(table[len(before) - 1 + place, number]) for place, number in enumerate(generated)]


def whole(model, request):
    *tokens, completion = model.stream(request)
    assert isinstance(completion, Completion)
    assert "".join(token.text for token in tokens) == completion.text
    assert completion.tokens == (tuple(tokens) if request.logprobs else ())
    return completion


def test_a_chat_is_answered_as_the_library_answers_it(chat):
    said = chat.complete(Request(ASKED))
    assert said.text == ANSWER == oracle(chat, turns(), max_new_tokens=150)
    assert said.finish_reason == "stop" and said.model == chat.name
    assert said.usage.input_tokens == prompt(chat, turns()).shape[1]
    assert said.usage.output_tokens == prompt(chat, ANSWER).shape[1] + 1, "and the end mark"
    assert said.usage.cost == 0.0 and not said.usage.estimated and said.usage.calls == 1


def test_tokens_are_the_text_and_no_character_is_broken(chat):
    said = whole(chat, Request(ASKED, logprobs=True))
    assert "".join(token.text for token in said.tokens) == ANSWER
    assert {"灯", "塔", "🌊", "👩", " lamp"} <= {token.text for token in said.tokens}
    assert all(token.text and "\ufffd" not in token.text for token in said.tokens)


@pytest.mark.parametrize(
    "request_",
    [
        Request(ASKED, logprobs=True),
        RANDOM,
        Request(ASKED, logprobs=True, temperature=2.0, seed=1, logit_bias={"yes": 5, "[": -100}, max_tokens=40),
    ],
    ids=["greedy", "sampled", "biased"],
)
def test_log_probabilities_are_the_models_own(chat, steps, request_):
    said = whole(chat, request_)
    ids = [number for number in steps if number not in chat._vocabulary.controls]
    wanted = dict(enumerate(logprobs(chat, turns(), list(steps))))
    wanted = [value for place, value in wanted.items() if steps[place] in ids]
    place = 0
    for token in said.tokens:
        size = next(n for n in range(1, 40) if chat._tokenizer.decode(ids[place : place + n]) == token.text)
        assert token.logprob == pytest.approx(sum(wanted[place : place + size]), abs=1e-4)
        place += size
    assert place == len(ids) and all(token.logprob <= 0 for token in said.tokens)


@pytest.mark.parametrize("stop", ["e lamp of", "塔", "\u200d🚀", ".", "Mara", "s, see [t"])
def test_a_stop_string_ends_text_and_work_wherever_it_lies(chat, steps, stop):
    said = whole(chat, Request(ASKED, stop=("never said", stop), logprobs=True))
    assert said.text == ANSWER[: ANSWER.index(stop)] and said.finish_reason == "stop"
    shown = prompt(chat, ANSWER[: ANSWER.index(stop) + len(stop)]).shape[1]
    assert len(steps) == said.usage.output_tokens <= shown + 1


def test_what_began_like_a_stop_string_is_given_out_at_the_end(chat):
    said = whole(chat, Request(ASKED, stop=("more. And",), logprobs=True))
    assert said.text == ANSWER


@pytest.mark.parametrize("prefill", ["Mara keeps the", "Mara keeps the lamp of the harbour. 灯塔", "Mara k"])
def test_prefill_is_continued(chat, base, prefill):
    said = whole(chat, Request(ASKED, prefill=prefill))
    assert said.text == oracle(chat, turns(prefill), max_new_tokens=150)
    assert said.usage.input_tokens == prompt(chat, turns(prefill)).shape[1]
    if prefill != "Mara k":  # this one is cut as the model never saw it
        assert prefill + said.text == ANSWER
    plain = Request((Message("system", "Log"), Message("user", "The log: ")), prefill=prefill, max_tokens=12)
    assert base.complete(plain).text == oracle(base, f"Log\n\nThe log: {prefill}", max_new_tokens=12)


def test_a_bias_forbids_and_forces(chat):
    assert "[" in chat.complete(Request(ASKED)).text
    assert "[" not in chat.complete(Request(ASKED, logit_bias={"[": -100})).text
    forced = chat.complete(Request(ASKED, logit_bias={"yes": float("inf")}, max_tokens=3)).text
    assert forced.replace(" ", "") == "yesyesyes"
    spaced = Request(ASKED, logit_bias={" yes": 100, "yes": -100}, max_tokens=3)
    assert chat.complete(spaced).text == " yes yes yes"
    with pytest.raises(CapabilityError, match="no token 'lamp post'") as caught:
        chat.complete(Request(ASKED, logit_bias={"lamp post": 1}))
    assert " + " in caught.value.message and "logit_bias" in caught.value.hint


def test_a_seed_repeats_and_leaves_the_librarys_own_chance_alone(chat):
    import torch

    before = torch.get_rng_state()
    first = chat.complete(RANDOM)
    assert first == chat.complete(RANDOM)
    others = {chat.complete(Request(ASKED, temperature=3.0, seed=seed, max_tokens=30)).text for seed in (8, -1, 2**70)}
    assert len(others | {first.text}) == 4
    free = {chat.complete(Request(ASKED, temperature=3.0, max_tokens=30)).text for _ in range(3)}
    assert len(free) == 3
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("temperature", [None, 0, 1e-9])
def test_the_likeliest_token(chat, temperature):
    assert chat.complete(Request(ASKED, temperature=temperature, seed=3)).text == ANSWER


@pytest.mark.parametrize("temperature", [-1, float("nan"), float("inf")])
def test_a_temperature_that_cannot_be(chat, temperature):
    with pytest.raises(UsageProblem, match="temperature must be"):
        chat.complete(Request(ASKED, temperature=temperature))


def test_a_model_that_never_ends_stops_at_the_limit(chat, tiny_models):
    said = chat.complete(Request(ASKED, logit_bias=ENDLESS.logit_bias, max_tokens=90))
    assert said.finish_reason == "length" and said.usage.output_tokens == 90
    short = Transformers(str(tiny_models / "chat"), device="cpu", max_tokens=5)
    assert short.complete(Request(ASKED)).usage.output_tokens == 5
    nothing = chat.complete(Request(ASKED, max_tokens=0))
    assert (nothing.text, nothing.finish_reason, nothing.usage.output_tokens) == ("", "length", 0)


def test_the_window_is_filled_and_not_passed(chat):
    said = chat.complete(ENDLESS)
    assert said.usage.tokens == WINDOW == chat.window and said.finish_reason == "length"
    with pytest.raises(Refused, match=f"the window of .* is {WINDOW}") as caught:
        chat.complete(Request((Message("user", "lamp " * WINDOW),)))
    assert "shorter passages" in caught.value.hint


def test_characters_that_were_never_finished_come_out_at_the_end(chat):
    size = prompt(chat, "Mara keeps the lamp of the harbour. 灯").shape[1]
    cut = whole(chat, Request(ASKED, max_tokens=size - 1, logprobs=True))
    assert cut.text == "Mara keeps the lamp of the harbour. \ufffd" and cut.usage.output_tokens == size - 1


def test_all_four_ways_are_equal(chat):
    async def both():
        return await chat.acomplete(RANDOM), [item async for item in chat.astream(RANDOM)]

    answer, streamed = asyncio.run(both())
    assert list(chat.stream(RANDOM)) == streamed
    assert chat.complete(RANDOM) == answer == streamed[-1]


def test_threads_and_interleaved_streams_share_the_model(chat):
    requests = [Request(ASKED, temperature=2.0, seed=seed, max_tokens=15, logprobs=True) for seed in range(6)]
    alone = [chat.complete(request) for request in requests]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(chat.complete, requests)) == alone
    streams = [chat.stream(request) for request in requests[:2]]
    mixed = [item for pair in zip(*streams, strict=False) for item in pair]  # held open in turn, by one thread
    assert {item.text for item in mixed} <= {token.text for answer in alone for token in [*answer.tokens, answer]}


def test_a_stream_works_only_when_it_is_asked(chat, steps):
    stream = chat.stream(ENDLESS)
    assert next(stream).text == "Mara"
    stream.close()
    assert len(steps) == 1 and not chat._lock.locked()

    async def one():
        stream = chat.astream(ENDLESS)
        first = await anext(stream)
        await stream.aclose()
        return first.text

    assert asyncio.run(one()) == "Mara" and len(steps) == 2


def test_a_cancelled_call_ends_its_thread(chat, steps):
    steps.pause = 0.01

    async def cancel(call):
        task = asyncio.ensure_future(call)
        while len(steps) < 3:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def read():
        async for _ in chat.astream(ENDLESS):
            pass

    for call in (lambda: chat.acomplete(ENDLESS), read):
        steps.clear()
        asyncio.run(cancel(call()))  # which also waits for the thread
        assert 3 <= len(steps) < 100


@pytest.mark.parametrize("way", ["complete", "stream"])
def test_a_call_that_takes_too_long_is_ended(chat, steps, way):
    steps.pause = 0.02
    request = Request(ASKED, timeout=0.1, logit_bias=ENDLESS.logit_bias)
    with pytest.raises(BackendError, match=r"did not finish within 0\.1 s") as caught:
        chat.complete(request) if way == "complete" else list(chat.stream(request))
    assert len(steps) < 100 and not caught.value.retryable
    assert chat.complete(Request(ASKED, timeout=60, max_tokens=1)).text == "Mara", "the model is free again"


def test_waiting_for_other_calls_counts(chat):
    with chat._lock, pytest.raises(BackendError, match="did not finish") as caught:
        chat.complete(Request(ASKED, timeout=0.01))
    assert caught.value.retryable


def test_a_model_without_numbers_says_so(tiny_models):
    broken = Transformers(str(tiny_models / "chat"), device="cpu")
    broken._model.lm_head.weight.data.fill_(float("nan"))
    for temperature in (0, 1):
        with pytest.raises(BackendError, match="NaN"):
            broken.complete(Request(ASKED, temperature=temperature))


def test_a_device_without_room_says_so(chat, monkeypatch):
    import torch

    def full(self):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    with monkeypatch.context() as patch:
        patch.setattr(Sampler, "step", full)
        with pytest.raises(BackendError, match=r"the memory of cpu is full: .* 20\.00 GiB") as caught:
            chat.complete(Request(ASKED))
    assert "shorter prompt" in caught.value.hint
    assert chat.complete(Request(ASKED, max_tokens=1)).text == "Mara", "the model is free again"


def test_smaller_numbers_load(tiny_models):
    half = Transformers(str(tiny_models / "chat"), device="cpu", dtype="bfloat16", name="half")
    assert str(half._model.dtype) == "torch.bfloat16" and half.name == "half"
    assert half.complete(Request(ASKED, logprobs=True, max_tokens=3)).text.startswith("Mara")
    with pytest.raises(UsageProblem, match="int3"):
        Transformers(str(tiny_models / "chat"), dtype="int3")


def test_conformance(chat):
    assert check_llm(lambda: chat).skipped.keys() == {"llm_tools"}


def test_the_registry(tiny_models):
    model = registry.llm(f"transformers:{tiny_models / 'chat'}")
    assert model.name == f"transformers:{tiny_models / 'chat'}"
    assert registry.describe(model).endswith("(logit_bias, logprobs, prefill, seed, stop)")


def test_a_model_that_is_not_there(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for name in (tmp_path / "nothing", "./nothing", "a/b/c"):
        with pytest.raises(ConfigError, match="no folder"):
            registry.llm(f"transformers:{name}")
    for name in (str(tmp_path), "memagent-tests/no-such-model"):
        with pytest.raises(ConfigError, match="cannot be loaded") as caught:
            registry.llm(f"transformers:{name}")
        assert "folder of a model" in caught.value.hint


def test_a_hub_that_cannot_be_reached_is_asked_once(monkeypatch):
    import huggingface_hub

    with socket.socket() as nobody:  # bound and not listening: every connection is refused
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/config.json"
        asked = []
        monkeypatch.setattr(huggingface_hub, "hf_hub_url", lambda *names: asked.append(names) or url)
        with pytest.raises(ConfigError, match="'memagent-tests/no-such-model' cannot be loaded") as caught:
            registry.llm("transformers:memagent-tests/no-such-model")
    assert asked == [("memagent-tests/no-such-model", "config.json")] and "the network" in caught.value.hint


def test_damaged_and_missing_weights(tiny_models, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny_models / "chat", tmp_path / "m")
    path = tmp_path / "m" / "model.safetensors"
    weights = load_file(path)
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(ConfigError, match=r"no weights for model\.layers\.1\.mlp\.up_proj"):
        Transformers(str(tmp_path / "m"), device="cpu")
    path.write_bytes(b"\xff" * 100)
    with pytest.raises(ConfigError, match="cannot be loaded"):
        Transformers(str(tmp_path / "m"), device="cpu")


def test_a_device_that_is_not_there(tiny_models):
    with pytest.raises(ConfigError, match="toaster"):
        Transformers(str(tiny_models / "chat"), device="toaster")


@pytest.mark.parametrize("module", ["torch", "transformers"])
def test_the_missing_package_is_named(monkeypatch, module):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(ExtraMissing) as caught:
        registry.llm("transformers:any")
    assert caught.value.hint == 'pip install "memagent[local]"'


def test_a_waiting_thread_is_given_the_model_between_two_tokens(chat, steps):
    steps.pause = 0.005
    held, done = chat.stream(ENDLESS), threading.Event()
    next(held)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(chat.complete, Request(ASKED, max_tokens=2)).add_done_callback(lambda _: done.set())
        assert done.wait(30), "an open stream blocks nobody"
    held.close()
