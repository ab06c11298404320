"""The table of prices."""

import tomllib
from datetime import date
from importlib import resources

import pytest

from memagent.errors import ConfigError
from memagent.llms.openai import OpenAI
from memagent.llms.prices import Price, price
from memagent.registry import DEFAULT_MODEL


def test_the_table_is_dated_and_whole():
    read = tomllib.loads(resources.files("memagent.llms").joinpath("prices.toml").read_text(encoding="utf-8"))
    assert isinstance(read["updated"], date)
    assert all(price(name) is not None for name in read["models"])
    assert price(DEFAULT_MODEL) is not None


def test_snapshots_have_the_price_of_their_family():
    assert price("gpt-4o-2024-08-06") == price("gpt-4o") == Price(2.5, 10.0, 1.25)


@pytest.mark.parametrize("name", ["", "nobody-knows-it", "gpt-4o-audio", "gpt-4o-mini-tts"])
def test_an_unknown_price_is_none(name):
    assert price(name) is None


def test_a_call_in_dollars():
    assert Price(2.0, 8.0).cost(1_000_000, 500_000, 100) == 6.0
    assert Price(2.0, 8.0, 1.0).cost(100, 0, 1000) == pytest.approx(1e-4), "never more cached than there is"


def test_own_prices_come_first(tmp_path, monkeypatch):
    file = tmp_path / "prices.toml"
    file.write_text('[models]\n"mine" = { input = 1, output = 2 }\n"gpt-4o" = { input = 9 }\n')
    monkeypatch.setenv("MEMAGENT_PRICES", str(file))
    assert price("mine") == Price(1.0, 2.0)
    assert price("gpt-4o") == Price(9.0)
    assert price("gpt-4o-mini") == Price(0.15, 0.6, 0.075)


@pytest.mark.parametrize("text", ["not toml [", "other = 1", "[models]\nx = 3", "[models]\nx = { input = -1 }"])
def test_a_broken_file_of_prices(tmp_path, monkeypatch, text):
    file = tmp_path / "prices.toml"
    file.write_text(text)
    monkeypatch.setenv("MEMAGENT_PRICES", str(file))
    with pytest.raises(ConfigError, match=r"prices\.toml"):
        price("gpt-4o")


def test_a_file_of_prices_that_is_not_there(monkeypatch):
    monkeypatch.setenv("MEMAGENT_PRICES", "/nowhere/prices.toml")
    with pytest.raises(ConfigError, match="nowhere"):
        price("gpt-4o")


def test_who_costs_what():
    assert OpenAI("gpt-4o", api_key="k").price == price("gpt-4o")
    assert OpenAI("llama", base_url="http://127.0.0.1:1/v1").price is None  # it may pass calls on
    assert OpenAI("gpt-4o", base_url="http://127.0.0.1:1/v1").price == price("gpt-4o")  # a proxy, by its name
    assert OpenAI("x", base_url="http://elsewhere:1/v1", name="ollama:x").price == Price(0.0, 0.0, 0.0)
    assert OpenAI("x", base_url="http://elsewhere:1/v1").price is None


@pytest.mark.parametrize(
    "model, missing",
    [
        ("gpt-4.1-mini", set()),
        ("gpt-5-mini", {"stop", "logprobs"}),
        ("o3", {"stop", "logprobs"}),
        ("gpt-5.4-mini", {"stop"}),
        ("gpt-5-chat-latest", set()),
    ],
)
def test_what_openais_models_can_do(model, missing):
    assert {"stop", "logprobs"} - OpenAI(model, api_key="k").can == missing
    assert {"stop", "logprobs"} <= OpenAI(model, base_url="http://x/v1").can
