"""Secrets that only the words beside them give away are masked, and what only sounds like them is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from memagent.memory.secret_guard import masked

DATA = Path(__file__).parent.parent / "data"
SEED = "abandon ability able about above absent absorb abstract absurd abuse access accident"

MASKED = [
    ('The password is: "tiger 12345"', 'The password is: "[masked password]"'),
    ("PASSWORD\n\ntiger12345", "PASSWORD\n\n[masked password]"),
    ("密码 tiger12345", "密码 [masked password]"),
    ("p a s s w o r d: tiger12345", "p a s s w o r d: [masked password]"),
    ("pa\u0455sword: tiger12345", "pa\u0455sword: [masked password]"),
    ("tiger12345 is my new password.", "[masked password] is my new password."),
    ("Use 'tiger12345' as the password", "Use '[masked password]' as the password"),
    ("My password will be tiger12345", "My password will be [masked password]"),
    ("pass phrase is correct horse battery", "pass phrase is [masked password]"),
    ("login alice / Tr0mb0ne!77", "login alice / [masked password]"),
    ("user: alice pass: Tr0mb0ne", "user: alice pass: [masked password]"),
    ("Wifi: SSID Home, key Kx9vTq2LmN", "Wifi: SSID Home, key [masked password]"),
    ("WIFI:T:WPA;S:Home;P:seahorse;;", "WIFI:T:WPA;S:Home;P:[masked password];;"),
    ("otp 482913", "otp [masked code]"),
    ("Your verification code is 482 913.", "Your verification code is [masked code]."),
    ("验证码是482913", "验证码是[masked code]"),
    ("Код из смс: 482913", "Код из смс: [masked code]"),
    ("my 2fa backup code is 8f3k-29dk", "my 2fa backup code is [masked code]"),
    ("Recovery codes: 8f3k-29dk, 7h2m-11qa", "Recovery codes: [masked code]"),
    ("The door code is 4471#", "The door code is [masked code]"),
    ("The code for the front door is 4471.", "The code for the front door is [masked code]."),
    ("Alarm code: 4471", "Alarm code: [masked code]"),
    ("Der Türcode lautet 4471", "Der Türcode lautet [masked code]"),
    ("Le code de l'immeuble est 45A71", "Le code de l'immeuble est [masked code]"),
    ("Код домофона — 4471", "Код домофона — [masked code]"),
    ("门禁密码是4471", "门禁密码是[masked code]"),
    ("Мой пин-код: 4921", "Мой пин-код: [masked PIN]"),
    ("cvv 123", "cvv [masked code]"),
    (f"bitcoin seed: {SEED}", "bitcoin seed: [masked seed phrase]"),
    (f"My recovery phrase: {SEED.replace(' ', ', ')}.", "My recovery phrase: [masked seed phrase]."),
    ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [masked account number]"),
    ("Pay to GB82WEST12345698765432 BIC WEST", "Pay to [masked account number] BIC WEST"),
]


@pytest.mark.parametrize(("text", "kept"), MASKED)
def test_a_secret_told_in_other_words_is_masked_and_masking_again_changes_nothing(text: str, kept: str) -> None:
    assert masked(text)[0] == kept
    assert masked(kept) == (kept, [])


@pytest.mark.parametrize(
    "text",
    [
        "KeePass2 is the password manager that I use.",
        'The form says: password: "must have at least 8 characters".',
        "The passphrase is never written down.",
        "The passphrase is a long sentence.",
        "The pass phrase was lost.",
        "login page / step2of3",
        "The login flow / OAuth2.0 is next.",
        "User: alice passes the test2024 today.",
        "PASS: test_login2",
        "The wifi standard 802.11ac has a key feature.",
        "OTP Bank was founded in 1949.",
        "The area code is 415, and the zip code is 10115.",
        "The error code is 40401 and the status code: 404.",
        "The door code was changed in 2019, they say.",
        "The alarm went off at 7:30.",
        "Das Tor hat den Code nicht erkannt.",
        "Код программы — 4471 строка",
        "密码学是一门学问，从1949年开始。",
        "The seed of the idea: plant words that people keep and say them often until they are heard by all.",
        "Seeds to buy: carrot radish lettuce spinach tomato pepper squash pumpkin melon parsley dill chive",
        "DE89 3704 0044 0532 0130 01 has wrong check digits.",
        "Flight GB82 to WEST 12345 leaves at 6.",
        "The backup codes are in the drawer.",
        "My account since 2019 / Premium2 plan",
        "12345678 is the number of my order, and the password is safe.",
    ],
)
def test_what_only_sounds_like_a_secret_is_kept(text: str) -> None:
    assert masked(text) == (text, [])


def test_in_all_the_texts_of_the_tests_there_is_no_false_alarm() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(DATA.glob("*.*")) if path.suffix != ".db"]
    lines = [line for text in texts for line in text.splitlines()]
    assert len(lines) > 1000
    assert [line for line in lines if masked(line)[1]] == []
