"""Which blocks are ads, and which only look like it. Golden pages show whole pages."""

import pytest

from spiders.pages.publisher import parse_page

NEWS = "https://news.example/a.html"


def ads(html: str, url: str = NEWS) -> list[tuple[str, list[str], str | None]]:
    return [(ad["slot"], ad["links"], ad["advertiser"]) for ad in parse_page(html.encode(), url=url)["ads"]]


@pytest.mark.parametrize(
    "label",
    [
        "広告",
        "PR",
        "ＰＲ",
        "【PR】",
        "[AD]",
        "■ 広告",
        "スポンサード",
        "スポンサーリンク",
        "Sponsored",
        "Promoted",
        "Advertisement",
        "タイアップ広告",
    ],
)
def test_labels(label: str) -> None:
    assert ads(f'<div><span>{label}</span><a href="https://x.test/">買う</a></div>') == [
        ("labelled", ["https://x.test/"], None)
    ]


@pytest.mark.parametrize("text", ["広告業界", "PRESS", "HP", "公告", "広告を見る方法", "Ad blockers", "sponsors"])
def test_other_words_are_no_labels(text: str) -> None:
    assert ads(f'<div><span>{text}</span><a href="https://x.test/">読む</a></div>') == []


@pytest.mark.parametrize(
    "html",
    [
        '<p>PR</p><a href="/own.html">own</a>',
        '<p>PR</p><a href="https://www.news.example/own.html">own</a>',
        '<ul><li><a href="/pr">PR</a><li><a href="https://group.example/">Group</a></ul>',
        '<p><a href="https://adhelp.test/">広告</a></p>',
        '<div><p>広告</p><a href="/a">a</a><a href="/b">b</a><a href="https://x.test/">x</a></div>',
        "<p>広告</p><div>" + "".join(f'<a href="https://x{number}.test/">x</a>' for number in range(50)) + "</div>",
        '<p>PR</p><div><a href="https://x.test/">x</a>' + "long text " * 300 + "</div>",
        '<a href="/own" rel="sponsored">own</a>',
        '<div class="videoCube"><a href="/own">own</a></div>',
        '<a href="https://x.test/" rel="nofollow">x</a>',
        '<a href="https://youradchoices.com/">AdChoices</a>',
        '<div class="ad banner"><a href="https://x.test/">x</a></div>',
        '<iframe src="https://video.example/embed"></iframe>',
        '<script><div id="div-gpt-ad-1"></script>',
    ],
)
def test_honest_content_is_no_ad(html: str) -> None:
    assert ads(html) == []


def test_labelled_list_gives_one_ad_for_each_card() -> None:
    cards = "".join(
        f'<li><a href="https://x{number}.test/"><img src="{number}.png"></a><p>商品{number}</p>' for number in range(3)
    )
    page = parse_page(f"<section><h2>PR</h2><ul>{cards}</ul></section>".encode(), url=NEWS)
    assert [(ad["links"], ad["texts"][0]["text"]) for ad in page["ads"]] == [
        ([f"https://x{number}.test/"], f"商品{number}") for number in range(3)
    ]


def test_label_before_a_link_text() -> None:
    assert ads('<p><a href="https://x.test/">【PR】星野電機の半額</a>') == [("labelled", ["https://x.test/"], None)]


def test_sponsor_is_named_by_the_label() -> None:
    html = '<div><em>Sponsored by Hoshino Outlet</em><a href="https://x.test/">buy</a></div>'
    assert ads(html) == [("labelled", ["https://x.test/"], "Hoshino Outlet")]


def test_links_that_explain_ads_are_not_the_ads() -> None:
    html = '<div id="div-gpt-ad-1"><a href="https://x.test/">x</a><a href="https://youradchoices.com/">?</a></div>'
    assert ads(html) == [("google:div-gpt-ad-1", ["https://x.test/"], None)]


def test_nested_marks_are_one_ad() -> None:
    html = '<div id="div-gpt-ad-1"><div id="google_ads_iframe_1"><p>PR</p><a rel=sponsored href="https://x.test/">x</a></div></div>'
    assert ads(html) == [("google:div-gpt-ad-1", ["https://x.test/"], None)]


def test_label_around_marked_slots_adds_nothing() -> None:
    html = '<div><p>広告</p><div id="div-gpt-ad-1"><a href="https://x.test/">x</a></div></div>'
    assert ads(html) == [("google:div-gpt-ad-1", ["https://x.test/"], None)]


def test_click_urls_of_scripts_count_where_there_is_no_address() -> None:
    html = """<ins class="adsbygoogle" data-ad-client="ca-pub-1"><div onclick="window.open('https://x.test/?a=1')">x</div>
    <a href="#" onmousedown="this.href='https://y.test/'">y</a><b data-href="/z">z</b></ins>"""
    assert ads(html) == [
        ("adsense:ca-pub-1", ["https://x.test/?a=1", "https://y.test/", "https://news.example/z"], None)
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://www.googleadservices.com/pagead/aclk?sa=L&adurl=https://x.test/",
        "https://adclick.g.doubleclick.net/pcs/click?xai=1",
        "https://ad.doubleclick.net/ddm/clk/1;2",
        "https://paid.outbrain.com/network/redir?p=1",
        "https://trc.taboola.com/news/log/3/click?redir=x",
    ],
)
def test_redirectors_are_ads_wherever_they_stand(url: str) -> None:
    assert [link for _, links, _ in ads(f'<p>x<a href="{url}">y</a>') for link in links] == [url]


@pytest.mark.parametrize(
    "frame", ['src="https://tpc.googlesyndication.com/safeframe"', 'id="ad-frame-1"', 'title="広告"', 'id="aswift_0"']
)
def test_frames_of_ads(frame: str) -> None:
    page = parse_page(f"<iframe {frame}></iframe>".encode(), url=NEWS)
    assert len(page["ads"]) == 1
    assert page["ads"][0]["frames"] == (["https://tpc.googlesyndication.com/safeframe"] if "src" in frame else [])
