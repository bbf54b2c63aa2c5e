from datetime import timedelta
from pathlib import Path

import pytest

from alerts.delivery import check, reveal
from alerts.errors import DeliveryError
from alerts.gate import Answer
from safety.secret import Secret
from tests.alerts.samples import NOW


def failure(status: int, retry_after: str | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        check("legal", Answer(status=status, retry_after=retry_after, body=b""), now=NOW)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_two_hundreds_are_receipts(status: int) -> None:
    assert check("legal", Answer(status=status, retry_after=None, body=b""), now=NOW).status == status


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        *((status, False) for status in (301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 413, 422)),
        *((status, True) for status in (408, 425, 429, 500, 502, 503, 504, 599)),
    ],
)
def test_what_a_status_means_for_the_next_step(status: int, retryable: bool) -> None:
    error = failure(status)
    assert (error.retryable, error.gone, error.status) == (retryable, False, status)
    assert str(error).startswith(f"legal: answered {status}")


def test_gone_means_gone() -> None:
    assert (failure(410).gone, failure(410).retryable) == (True, False)


def test_retry_after_travels_with_the_error() -> None:
    assert failure(429, "90").retry_after == timedelta(seconds=90)
    assert failure(503, "Sun, 22 Nov 2026 03:05:05 GMT").retry_after == timedelta(minutes=1)
    assert failure(503).retry_after is None


def test_a_missing_secret_can_be_put_there_so_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEKIKI_ABSENT", raising=False)
    for reference in ("env:MEKIKI_ABSENT", "file:absent"):
        with pytest.raises(DeliveryError) as caught:
            reveal("legal", Secret(reference, tmp_path))
        assert caught.value.retryable
        assert reference in caught.value.reason
