import pytest

from storage.schema import NoticeState
from takedown.reply_words import suggested

SAID: dict[NoticeState | None, list[str]] = {
    "acknowledged": [
        "Thank you for contacting the abuse team. Your ticket 88-1 has been created.",
        "Hello, we have received your complaint. If we need more information, we will write to you.",
        "We will review whether the page should be removed.",
        "Once the content has been removed you will get another mail. Your report is under review.",
        "お問い合わせいただきありがとうございます。担当部署にて確認いたします。",
        "通報を受け付けました。違反が確認できた場合は、削除いたします。",
        "通報を受け付けました。追加の情報が必要な場合は、こちらからお伺いします。",
        "通報を受け付けました。削除が完了次第、改めてお伝えします。",
        "ご連絡ありがとうございます。現在調査中です。ご不明な点がございましたらご連絡ください。",
    ],
    "down": [
        "Hi,\n\nthe domain has been suspended.\n\nRegards",
        "We've taken the reported content down.",
        "After review we have permanently disabled the account.",
        "The URL is no longer accessible. Thank you for your report.",
        "The name was placed on clientHold.",
        "ご報告いただいた広告につきまして、削除いたしました。",
        "当該アカウントを凍結しました。",
        "該当ページは現在、閲覧できない状態となっております。",
    ],
    "refused": [
        "We reviewed the ad and it does not go against our Advertising Standards.",
        "We are not able to remove the listing based on the information provided.",
        "The page has not been removed, because we found no violation.",
        "This domain is not registered through us.",
        "Your request was denied.",
        "審査の結果、ガイドライン違反は確認できませんでした。",
        "恐れ入りますが、ご依頼には対応いたしかねます。",
        "当該ドメインは弊社の管理外です。",
    ],
    "information_requested": [
        "Thank you for your report. To proceed we require further documentation. Please send a certificate.",
        "Could you please specify the exact URL?",
        "Additional information is required.",
        "お手数ですが、商標登録証の写しをご提出ください。",
        "該当URLをご教示いただけますでしょうか。追加の情報が必要です。",
    ],
    None: [
        "",
        "I am out of the office until Monday.",
        "We removed one of the ads. The other one does not violate our policies.",
        "If the content was removed, no answer is needed.",
        "年末年始の休業のお知らせ",
    ],
}


@pytest.mark.parametrize(
    ("state", "text"), [(state, text) for state, texts in SAID.items() for text in texts], ids=lambda one: str(one)[:40]
)
def test_what_a_reply_seems_to_say(state: NoticeState | None, text: str) -> None:
    assert suggested("", text) == state


def test_the_subject_counts() -> None:
    assert suggested("Your report was rejected", "See the portal.") == "refused"


def test_width_and_line_ends_do_not_matter() -> None:
    assert suggested("", "ＷＥ　ＨＡＶＥ\nremoved the page") == "down"
    assert suggested("", "当該広告は削除い\nたしました。") == "down"
