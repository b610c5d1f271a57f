"""The scanner finds a number that is planted, in every spelling, and takes nothing else for one."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from urllib.parse import quote

import pytest

from tests.issuer import ALVA, BJORN, COMPANY
from tests.privacy.scanner import Scanner

SCANNER = Scanner(ALVA, BJORN, COMPANY)
SHORT, SIGNED = ALVA[2:], f"{ALVA[2:8]}-{ALVA[8:]}"


@pytest.mark.parametrize(
    "planted",
    [
        ALVA,
        BJORN,
        COMPANY,
        SHORT,
        SIGNED,
        SIGNED.replace("-", "+"),
        f"{ALVA[:8]} {ALVA[8:]}",
        f"SE{COMPANY}x",
        f"subject_{ALVA}_x",
        quote(SIGNED.replace("-", "+"), safe=""),
        json.dumps({"born": ALVA[:8], "last": ALVA[8:]}),
        json.dumps([ALVA[2:8], ALVA[8:]]),
        "".join(f"%{byte:02X}" for byte in SHORT.encode()),
        ALVA.encode().hex(),
        SHORT.encode("utf-16-le"),
        *(base64.b64encode(("x" * offset + form + "yz").encode()) for offset in range(3) for form in (ALVA, SIGNED)),
        base64.urlsafe_b64encode(f'{{"sub":"{ALVA}","aud":"a"}}'.encode()).rstrip(b"="),
        hashlib.sha256(ALVA.encode()).hexdigest(),
        hashlib.sha256(SIGNED.encode()).hexdigest().upper(),
        hashlib.sha256(SHORT.encode()).digest(),
        base64.urlsafe_b64encode(hashlib.sha256(ALVA.encode()).digest()),
        hashlib.md5(ALVA.encode()).hexdigest(),
        struct.pack("<q", int(ALVA)),
        struct.pack("<d", float(SHORT)),
    ],
)
def test_a_planted_number_is_found_in_every_spelling(planted: str | bytes) -> None:
    planted = planted.encode() if isinstance(planted, str) else planted
    before, after = "något före 2026-11-23 ".encode(), b" SKV-2026-55810 \x00\xff"

    assert SCANNER.found(before + planted + after)
    assert not SCANNER.found(before + after)


@pytest.mark.parametrize("other", ["199003152391", "2026-03-15T23:90", "900315", "2390", f"{ALVA[2:]}7", ""])
def test_other_digits_are_no_number(other: str) -> None:
    assert SCANNER.found(f'{{"a": "{other}"}}') == []
