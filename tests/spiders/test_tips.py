"""A folder as a call centre fills it: everything in it is judged, and one broken file takes no other along."""

import json
from io import BytesIO
from pathlib import Path

from spiders.tips import LONGEST_LINE, delimiter_of, files_of, mails_in, mails_of
from tests.servers.crawling import Crawling
from tests.servers.programs import mekiki
from tests.spiders.pages.test_mail import mail, picture

ITEM = {"id": "a1", "kind": "ad", "texts": [{"role": "body", "text": "星野電機 公式 閉店セール"}]}


def fill(folder: Path) -> Path:
    inbox = folder / "inbox"
    (inbox / "deep").mkdir(parents=True)
    (inbox / "items.jsonl").write_text(json.dumps(ITEM) + "\n", "utf-8")
    table = "日時;件名;リンク;電話\r\n2026/11/23 10:00;星野電機 90%OFF;https://hoshino-denki-sale.test/;03-0000\r\n"
    (inbox / "excel.csv").write_bytes(table.encode("cp932"))
    message = mail()
    message.add_attachment(picture(), maintype="image", subtype="png")
    (inbox / "deep" / "one.EML").write_bytes(bytes(message))
    mails = [mail(f"件 {number}", f"https://hoshino-denki-{number}.test/") for number in range(3)]
    box = b"".join(b"From x\n" + bytes(message) + b"\n" for message in mails)
    (inbox / "box.mbox").write_bytes(box)
    (inbox / "shot.png").write_bytes(picture("blue"))
    (inbox / "broken.eml").write_bytes(b"\x89PNG")
    (inbox / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    (inbox / "notes.docx").write_bytes(b"x")
    return inbox


def test_a_folder_of_tips(tmp_path: Path) -> None:
    inbox = fill(tmp_path)
    crawling = Crawling(tmp_path)
    crawling.configure(f'[[source]]\nkey = "tips"\nkind = "import"\npath = "{inbox}"\n', allow=[])
    report = crawling.crawl()["tips"]
    assert report.items == 8, report.problems
    assert report.errors == {"unreadable": 1, "picture_refused": 1, "not_read": 1}  # notes.docx
    assert any("broken.eml" in problem and "no mail" in problem for problem in report.problems)
    assert report.flagged >= 5
    contents = [json.loads(content) for (content,) in crawling.rows("SELECT content FROM item_versions")]
    row = next(item for item in contents if "90%OFF" in json.dumps(item, ensure_ascii=False))
    assert row["links"] == ["https://hoshino-denki-sale.test/"]
    assert row["raw"]["電話"] == "03-0000"
    assert crawling.rows("SELECT count(*) FROM pictures WHERE refused IS NULL") == [(2,)]
    kept = "".join(content for (content,) in crawling.rows("SELECT content FROM item_versions"))
    assert "customer.example" not in kept
    again = crawling.crawl()["tips"]
    assert (again.items, again.new) == (8, 0)  # the same tips are no new ones


def test_the_command_reads_a_folder_at_once(tmp_path: Path) -> None:
    inbox = fill(tmp_path)
    crawling = Crawling(tmp_path)
    crawling.configure("", allow=[])
    result = mekiki("import", inbox / "box.mbox", inbox / "shot.png", "--kind", "ad", "-c", crawling.file)
    assert result.returncode == 0, result.stderr
    assert "tips: ok" in result.stdout
    assert crawling.rows("SELECT kind, count(*) FROM items GROUP BY 1") == [("ad", 4)]
    assert crawling.rows("SELECT DISTINCT source FROM sightings") == [("tips",)]


def test_files_and_mails_are_told_apart(tmp_path: Path) -> None:
    inbox = fill(tmp_path)
    names = [path.name for path in files_of(str(inbox))]
    assert names == ["box.mbox", "broken.eml", "broken.jpg", "one.EML", "excel.csv", "items.jsonl", "shot.png"]
    assert [path.name for path in files_of(str(inbox / "*.csv"))] == ["excel.csv"]
    assert len(list(mails_of(inbox / "box.mbox"))) == 3
    quoted = b"From a\nSubject: x\n\n>From here\nFrom in a line\n\nFrom b\nSubject: y\n\n"
    (tmp_path / "quoted.mbox").write_bytes(quoted)
    first, second = mails_of(tmp_path / "quoted.mbox")
    assert first == b"Subject: x\n\nFrom here\nFrom in a line\n\n"
    assert second.startswith(b"Subject: y")
    assert [delimiter_of(head) for head in (b"a,b\n", b"a;b;c,d\n", b"a\tb\n", b"a\n")] == [",", ";", "\t", ","]


class Pieces(BytesIO):
    """A file that remembers the longest piece that was read of it."""

    longest = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self.longest = max(self.longest, len(line))
        return line


def test_a_mailbox_of_one_endless_line_is_read_in_pieces() -> None:
    line = b"x" * (3 * LONGEST_LINE) + b"From here"
    stream = Pieces(b"From a\n\n" + line + b"\n\nFrom b\nSubject: y\n")
    assert list(mails_in(stream)) == [b"\n" + line + b"\n\n", b"Subject: y\n"]
    assert stream.longest == LONGEST_LINE


def test_columns_can_be_named_and_what_is_not_read_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "tips"
    folder.mkdir()
    (folder / "list.csv").write_bytes("広告名,内容\n星野電機アウトレット,本日限り90%OFF\n".encode("shift_jis"))
    (folder / "mail.msg").write_bytes(b"x")
    crawling = Crawling(tmp_path)
    source = '[[source]]\nkey = "tips"\nkind = "import"\npath = "tips"\ncolumns = { title = "広告名", body = "内容" }\n'
    crawling.configure(source, allow=[])
    report = crawling.crawl()["tips"]
    assert (report.outcome, report.items, report.errors) == ("partial", 1, {"not_read": 1})
    assert "1 file(s) of kinds that are not read: mail.msg" in report.problems[0]
    [(content,)] = crawling.rows("SELECT content FROM item_versions")
    assert [(text["role"], text["text"]) for text in json.loads(content)["texts"]] == [
        ("title", "星野電機アウトレット"),
        ("body", "本日限り90%OFF"),
    ]
