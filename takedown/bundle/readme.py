"""Readme: what the files of a bundle are and how to check them, in Japanese and English, as plain text."""

README = """\
証拠一式の読み方と検証方法 (English below)
==========================================

index.html         本資料。ブラウザーで開きます(通信は行いません)。
summary.pdf        同じ内容の PDF。印刷・提出用。
verify.py          検証用プログラム。Python 3.8 以降のみで動作し、通信も書き込みも行いません。
MANIFEST.sha256    全ファイルの SHA-256。
manifest.json      全ファイルの種類・大きさ・SHA-256、証拠保管の連鎖の末尾、タイムスタンプ、不足ファイルの一覧。
manifests/         1回のアクセス、または1件の申請ごとの記録。ファイル名は内容の SHA-256。
warc/ pages/ logs/ screenshots/   アクセス時の通信記録、ページ、画面。
pictures/          original-*.bin は元のバイト列(第三者が作成したもの。開かないでください)、shown-* は表示用。
registries/        ドメイン・ネットワークの登録情報の回答。
notices/           削除申請で送信した内容、添付資料、返信。
stamps/            RFC 3161 タイムスタンプ。
items.jsonl verdicts.jsonl pictures.jsonl visits.jsonl notices.jsonl   機械可読の記録。
custody.jsonl      証拠保管の連鎖のうち本案件の行。他の案件の行は番号と末尾のハッシュ値だけです。
case_log.jsonl     案件の記録(ハッシュ値の連鎖)。

検証:   python -I verify.py            (Windows では py -I verify.py)
        sha256sum -c MANIFEST.sha256
時刻:   openssl ts -verify -data manifests/HASH.json -in stamps/FILE.tsr -CAfile ROOTS.pem
        ROOTS.pem はタイムスタンプ局の証明書です。verify.py が実際のファイル名を表示します。

custody.jsonl の各行の hash は、hash 以外の全項目を正規化した JSON (キーを整列し、空白なし、ASCII) の SHA-256 です。
previous は直前の行の hash です。case_log.jsonl も同様で、hash と id を除いて計算します。


How to read and check this bundle
=================================

index.html         The dossier; opens in a browser, without any network.
summary.pdf        The same as PDF, to print and to hand in.
verify.py          Checks everything. Needs Python 3.8 or later, no network, writes nothing.
MANIFEST.sha256    SHA-256 of every file.
manifest.json      Kind, size and SHA-256 of every file, the end of the chain of custody, time stamps, missing files.
manifests/         What was seen in one visit, or sent in one request; named by the SHA-256 of their content.
warc/ pages/ logs/ screenshots/   Traffic of a visit, the page as the browser held it, what it looked like.
pictures/          original-*.bin are original bytes, made by strangers: do not open them; shown-* are for looking.
registries/        What registries answered about domains and networks.
notices/           What was sent in takedown requests, with attachments and answers.
stamps/            Time stamps (RFC 3161).
items.jsonl verdicts.jsonl pictures.jsonl visits.jsonl notices.jsonl   Records for programs.
custody.jsonl      The chain of custody: rows of this case; of others their numbers and the last hash alone.
case_log.jsonl     The log of the case, a chain of hashes.

Check:  python -I verify.py            (on Windows: py -I verify.py)
        sha256sum -c MANIFEST.sha256
Time:   openssl ts -verify -data manifests/HASH.json -in stamps/FILE.tsr -CAfile ROOTS.pem
        ROOTS.pem holds the certificates of the time stamping authority; verify.py prints the real names.

The hash of a row of custody.jsonl is the SHA-256 of the canonical JSON (keys sorted, no spaces, ASCII) of all its other
fields; previous is the hash of the row before it. case_log.jsonl is alike, computed without hash and id.
"""
