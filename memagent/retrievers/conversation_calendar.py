"""Stretches of days: a month, a season, the last Friday. Each is two day numbers, the second one past the end."""

from __future__ import annotations

from datetime import MAXYEAR, date

Span = tuple[int, int]


def weekday(said: date, number: int, way: int) -> Span:
    """Return the nearest day of that number, 0 for Monday, before (`way` -1), from today on (0) or after (1)."""
    apart = (number - said.weekday()) % 7
    day = said.toordinal() + (apart - 7 if way < 0 else apart or 7 * way)
    return day, day + 1


def season_by_way(said: date, month: int, way: int) -> Span:
    """Return the season of that month that was over before (`way` -1), goes on or comes (0), or begins next (1)."""
    day = said.toordinal()
    spans = [season(year, month) for year in range(said.year - 2, said.year + 2)]
    if way < 0:
        return [span for span in spans if span[1] <= day][-1]
    coming = [span for span in spans if span[1] > day]
    return coming[0] if way == 0 or coming[0][0] > day else coming[1]


def month_by_way(said: date, month: int, way: int) -> Span:
    """Return the last month of that number (`way` -1), that of this year (0), or the next one (1)."""
    year = said.year - (1 if way < 0 and month >= said.month else 0) + (1 if way > 0 and month <= said.month else 0)
    return month_of(year, month)


def day_span(day: date) -> Span:
    """Return one day."""
    return day.toordinal(), day.toordinal() + 1


def year_span(year: int) -> Span:
    """Return a year."""
    return date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1


def month_of(year: int, month: int) -> Span:
    """Return a month of a year."""
    start = date(year, month, 1).toordinal()
    return start, date(year + month // 12, month % 12 + 1, 1).toordinal() if year < MAXYEAR else start + 30


def season(year: int, month: int) -> Span:
    """Return three months from `month` on: the winter of a year begins in its December."""
    return date(year, month, 1).toordinal(), date(year + (month + 2) // 12, (month + 2) % 12 + 1, 1).toordinal()


def nearest_year(month: int, day: int, said: date | None) -> int | None:
    """Return the year in which a day without one is nearest, the past preferred; none if nothing is said of today."""
    if said is None:
        return None
    years = [year for year in (said.year - 1, said.year, said.year + 1) if 1 <= year <= MAXYEAR]

    def far(year: int) -> int:
        days = date(year, month, min(day, 28)).toordinal() - said.toordinal()
        return 2 * days if days > 0 else -days

    return min(years, key=far)
