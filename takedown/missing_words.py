"""What can be missing for a notice, in a sentence each, in both languages; how a sentence becomes a `Missing`. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from takedown.channel import Fact, Proof, Right
from takedown.notice import Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A sentence, or a part of one."""

    en: str
    ja: str


# What is between backticks, in brackets and names of keys are typed as they stand, in both.
SENTENCES: Mapping[str, Told] = {
    # Of the configuration.
    "filer": Told(en="[takedown.filer] {key} is missing", ja="[takedown.filer] の {key} が未設定です"),
    "nobody files": Told(
        en="nobody is named who files: fill in [takedown.filer]",
        ja="申告者が未設定です。[takedown.filer] を記入してください",
    ),
    "owner": Told(
        en="{key} of [brand.owner] of brand {brand} is missing",
        ja="ブランド {brand} の [brand.owner] の {key} が未設定です",
    ),
    "mark": Told(
        en="{key} of [[brand.trademark]] of brand {brand}, as the register has it",
        ja="ブランド {brand} の [[brand.trademark]] に、登録原簿のとおりの {key} を記入してください",
    ),
    "brand": Told(en="{key} of [[brand]] {brand} is missing", ja="[[brand]] {brand} の {key} が未設定です"),
    "account": Told(
        en='[[takedown.account]] with channel = "{channel}": {keys} is missing',
        ja='[[takedown.account]] channel = "{channel}" の {keys} が未設定です',
    ),
    "file": Told(
        en="{key} of brand {brand}: there is no file {file!r}: put it there, or correct the path",
        ja="ブランド {brand} の {key}: ファイル {file!r} がありません。置くか、パスを直してください",
    ),
    # Of the case.
    "part": Told(
        en="case {case} is a part of case {whole}: draft for that one",
        ja="案件 {case} は案件 {whole} に統合されています。案件 {whole} で下書きを作成してください",
    ),
    "unjudged": Told(
        en="case {case} is {state}: judge it first: `mekiki judge {case} --confirm`",
        ja="案件 {case} は未確認です({state})。先に判定してください: `mekiki judge {case} --confirm`",
    ),
    "unconfirmed": Told(
        en="case {case} is {state}: only for a confirmed one anything is asked of anybody",
        ja="案件 {case} の状態は {state} です。申告できるのは確認済みの案件だけです",
    ),
    "language": Told(
        en="{channel} reads {languages}: --language {best}",
        ja="{channel} で使える言語は {languages} です: --language {best}",
    ),
    "targets": Told(
        en="it is not known what is to be taken down there: `mekiki visit {case}`",
        ja="削除を求める対象が不明です: `mekiki visit {case}`",
    ),
    "after": Told(
        en="the {first} has not been told of it: file a notice there first, and see what comes of it",
        ja="先に {first} へ申告し、その結果を確認してください",
    ),
    "or": Told(en=" or ", ja="または "),
    "and": Told(en=" and ", ja="・"),
    # Of facts.
    "visit": Told(
        en="no journey shows it: `mekiki visit {case}`", ja="アクセス記録にありません: `mekiki visit {case}`"
    ),
    "ad": Told(
        en="no ad of the case tells it: look at the ad's page, and crawl a source that does",
        ja="案件の広告からは分かりません。広告のページを確認し、その情報を持つソースを収集してください",
    ),
    "registry": Told(
        en="no registry told it of {domain}: {asking}", ja="{domain} について、レジストリから得ていません。{asking}"
    ),
    "its domain": Told(en="its domain", ja="該当ドメイン"),
    "network": Told(
        en="no registry told it of the address: {asking}",
        ja="この IP アドレスについて、レジストリから得ていません。{asking}",
    ),
    "by hand": Told(en="it is not known: fill it in by hand", ja="不明です。手で入力してください"),
    "ask": Told(
        en="`mekiki crawl --source {source}` asks for it", ja="`mekiki crawl --source {source}` で照会できます"
    ),
    "add a source": Told(
        en="add a source of kind rdap, which asks for it", ja="種別 rdap のソースを追加すると照会できます"
    ),
    # Of contacts.
    "whose": Told(en="the {kind} of {subject}", ja="{subject} の{kind}"),
    "only a page": Told(
        en="no mail address for complaints of {whose} is known, but a page: {page}",
        ja="{whose} の申告先のメールアドレスは不明ですが、ページがあります: {page}",
    ),
    "no contact yet": Told(
        en="no mail address for complaints of {whose} is known: {asking}",
        ja="{whose} の申告先のメールアドレスは不明です。{asking}",
    ),
    "no contact": Told(
        en="no mail address for complaints of {whose} is known: give it as an entry of your own, [takedown] channels",
        ja="{whose} の申告先のメールアドレスは不明です。[takedown] channels の独自の窓口として登録してください",
    ),
    # Of rights.
    "owner alone": Told(
        en="only the owner may file there, and [takedown.filer] relation is {relation!r}: let the owner file it",
        ja="この窓口に申告できるのは権利者だけです([takedown.filer] relation は {relation!r})。"
        "権利者に申告を依頼してください",
    ),
    "victims alone": Told(
        en="only people who were harmed may file there: ask a customer who paid, or the police, to do it",
        ja="この窓口に申告できるのは被害者だけです。支払った顧客または警察に依頼してください",
    ),
    "others alone": Told(
        en="only {who} may file there, and [takedown.filer] relation is {relation!r}",
        ja="この窓口に申告できるのは {who} だけです([takedown.filer] relation は {relation!r})",
    ),
    "no copy": Told(
        en="nothing of the case is a copy of the brand's own pictures or pages: this channel is for copyright",
        ja="ブランド自身の画像・ページの複製がこの案件にはありません(著作権侵害のための窓口です)",
    ),
    "authority ended": Told(
        en="the authority of {organization} ended on {day}: have it renewed, then change [[brand.authority]] until of "
        "brand {brand}",
        ja="{organization} への委任は {day} に終了しました。更新したうえで、ブランド {brand} の [[brand.authority]] "
        "until を直してください",
    ),
    "no authority": Told(
        en="there is no letter by which {organization} may act for brand {brand}: add it as [[brand.authority]]",
        ja="{organization} がブランド {brand} のために申告するための委任状がありません。"
        "[[brand.authority]] に追加してください",
    ),
    "trademark ended": Told(
        en="no trademark of brand {brand} is in force: {number} ended on {day}: have it renewed, then change "
        "[[brand.trademark]] until",
        ja="ブランド {brand} に有効な商標権がありません({number} は {day} に終了)。更新したうえで、[[brand.trademark]] "
        "until を直してください",
    ),
    "no trademark": Told(
        en="brand {brand} has no trademark: add what the register has as [[brand.trademark]]",
        ja="ブランド {brand} に商標が登録されていません。登録原簿の内容を [[brand.trademark]] に追加してください",
    ),
    # Of proofs.
    "no screenshot": Told(
        en="no journey kept a screenshot of the offer: `mekiki visit {case}`, as a visitor with a browser",
        ja="誘導先のスクリーンショットがありません。ブラウザーを使う訪問者で: `mekiki visit {case}`",
    ),
    "no picture": Told(
        en="no picture of the ad was kept: crawl its source with pictures, or add it to the form by hand",
        ja="広告の画像がありません。画像を含めて収集するか、フォームに手で添付してください",
    ),
    "no journey": Told(
        en="nobody followed its links: `mekiki visit {case}`", ja="リンク先を未確認です: `mekiki visit {case}`"
    ),
    "no warc": Told(
        en="no journey that saw the offer was kept as WARC: `mekiki visit {case}`",
        ja="誘導先を確認したときの通信記録(WARC)がありません: `mekiki visit {case}`",
    ),
    "no original": Told(
        en="the genuine pages are not known: [[brand]] domains of brand {brand}",
        ja="正規のページが未設定です。ブランド {brand} の [[brand]] domains を記入してください",
    ),
    "no certificate": Told(
        en="{key} of brand {brand}: name a copy of it",
        ja="ブランド {brand} の {key} に、商標登録を示す書面の写しを指定してください",
    ),
    "files gone": Told(
        en="the files that were kept are gone from the media store: `mekiki visit {case}` makes new ones",
        ja="保管した証拠ファイルが見つかりません。`mekiki visit {case}` で取得し直してください",
    ),
}

# Of actors and of who may file, where a sentence names them; others stand as they are.
NAMES: Mapping[str, Told] = {
    "platform": Told(en="platform", ja="プラットフォーム"),
    "advertiser": Told(en="advertiser", ja="広告主"),
    "publisher": Told(en="publisher", ja="掲載ページ"),
    "redirect": Told(en="redirect", ja="転送元"),
    "registrar": Told(en="registrar", ja="レジストラ"),
    "registry": Told(en="registry", ja="レジストリ"),
    "host": Told(en="host", ja="ホスティング事業者"),
    "cdn": Told(en="cdn", ja="CDN 事業者"),
    "owner": Told(en="owner", ja="権利者"),
    "agent": Told(en="agent", ja="代理人"),
    "victim": Told(en="victim", ja="被害者"),
}


def told(sentence: str, **values: object) -> Told:
    """Return a sentence in both languages; a value that is `Told` itself stands in it in the same language."""
    wording = SENTENCES[sentence]
    english = {name: value.en if isinstance(value, Told) else value for name, value in values.items()}
    japanese = {name: value.ja if isinstance(value, Told) else value for name, value in values.items()}
    return Told(en=wording.en.format(**english), ja=wording.ja.format(**japanese))


def in_a_row(word: str, values: Iterable[str]) -> Told:
    """Return names with a word between them, which is one of the sentences."""
    listed = [NAMES.get(value, Told(en=value, ja=value)) for value in values]
    return Told(
        en=SENTENCES[word].en.join(one.en for one in listed), ja=SENTENCES[word].ja.join(one.ja for one in listed)
    )


def lacks(what: Fact | Proof | Right | str, sentence: str, **values: object) -> Missing:
    """Return what is missing, and how to get it."""
    return missing(what, told(sentence, **values))


def missing(what: Fact | Proof | Right | str, says: Told) -> Missing:
    """Return what is missing, as it was told."""
    return Missing(what=what, says=says.en, ja=says.ja)
