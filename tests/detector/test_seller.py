"""Addresses at home and abroad, and mail addresses that anybody can have."""

import pytest

from detector.seller import abroad, is_free_mail


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("〒530-0001 大阪府大阪市北区梅田1-2-3", False),
        ("東京都千代田区丸の内1-1", False),
        ("1-2-3 Marunouchi, Chiyoda-ku, Tokyo 100-0005, Japan", False),
        ("広島県広島市中区中国新聞ビル3F", False),
        ("東京都港区 香港ビル2F", False),
        ("中国広東省深圳市南山区科技園1号", True),
        ("广东省深圳市南山区", True),
        ("Room 1201, 12/F, Nathan Road, Kowloon, Hong Kong", True),
        ("Ｆｌａｔ ２５, 7 High Street, London, United Kingdom", True),
        ("Lot 12, Jalan Ampang, Kuala Lumpur", True),
        ("お問い合わせはフォームから", None),
        ("ビル3F", None),
        ("", None),
    ],
)
def test_where_an_address_is(address: str, expected: bool | None) -> None:
    assert abroad(address) is expected


@pytest.mark.parametrize(
    ("mail", "free"),
    [
        ("hoshino@gmail.com", True),
        ("HOSHINO@Foxmail.COM", True),
        ("a@163.com", True),
        ("info@yamamoto-denki.example", False),
        ("a@gmail.com.hoshino.test", False),
        ("", False),
    ],
)
def test_whose_a_mail_address_is(mail: str, free: bool) -> None:
    assert is_free_mail(mail) is free
