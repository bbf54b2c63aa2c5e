import json

import pytest

from alerts.errors import NotAnAlert
from alerts.message import decode_alert, encode_alert, show
from tests.alerts.samples import HOSTILE, RAW, alert_of, hostile_case


def test_an_alert_survives_its_frozen_form_unchanged() -> None:
    for alert in (alert_of(), alert_of(hostile_case(), "new_items", 3, "ja")):
        payload = encode_alert(alert)
        assert payload.isascii()
        assert decode_alert(payload) == alert
        assert encode_alert(decode_alert(payload)) == payload


@pytest.mark.parametrize("payload", ["", "{", "[]", "{}", '{"version": 2}', "[" * 100_000])
def test_what_is_no_alert_is_refused(payload: str) -> None:
    with pytest.raises(NotAnAlert):
        decode_alert(payload)


def test_an_alert_of_a_later_version_is_refused() -> None:
    later = {**json.loads(encode_alert(alert_of())), "version": 2}
    with pytest.raises(NotAnAlert):
        decode_alert(json.dumps(later))


def test_shown_text_is_one_line_without_anything_invisible() -> None:
    shown = show(HOSTILE, 10_000)
    assert not [mark for mark in (*RAW, "\n", "\r") if mark in shown]
    assert "\\u{202E}" in shown


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.test/",
        "see https://a.test/?next=https://evil.test/x and evil.test",
        "https://a.test/https://evil.test",
        "https://a.test/?u=evil.test",
        "https://a.test/evil.test/x",
        "HTTPS://EVIL.TEST",
        "x=http://evil.test&y=HTTP://evil.test",
        "http://127.0.0.1/?u=http://evil.test",
    ],
)
def test_shown_text_holds_no_live_link_not_even_inside_a_link(text: str) -> None:
    shown = show(text).lower()
    assert "http" not in shown
    assert "evil.test" not in shown
    assert "evil[.]test" in shown


def test_shown_text_is_cut_visibly() -> None:
    assert show("星" * 400, 100) == "星" * 99 + "…"
