from datetime import date

from alerts.japan import national_holidays


def days(year: int) -> list[str]:
    return [f"{day:%m-%d}" for day in sorted(national_holidays(year))]


def test_the_holidays_that_the_cabinet_office_has_published() -> None:
    """https://www8.cao.go.jp/chosei/shukujitsu/gaiyou.html, 2026: two in lieu or between (05-06, 09-22)."""
    assert days(2026) == [
        "01-01", "01-12", "02-11", "02-23", "03-20", "04-29", "05-03", "05-04", "05-05", "05-06", "07-20", "08-11",
        "09-21", "09-22", "09-23", "10-12", "11-03", "11-23",
    ]  # fmt: skip
    assert days(2027) == [
        "01-01", "01-11", "02-11", "02-23", "03-21", "03-22", "04-29", "05-03", "05-04", "05-05", "07-19", "08-11",
        "09-20", "09-23", "10-11", "11-03", "11-23",
    ]  # fmt: skip


def test_a_holiday_between_two_is_no_rule_for_every_year() -> None:
    assert date(2026, 9, 22) in national_holidays(2026)
    assert date(2027, 9, 22) not in national_holidays(2027)
    assert date(2032, 9, 21) in national_holidays(2032)
