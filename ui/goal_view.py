"""Words written as they are shown: in sentences, and as a calendar. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from templora.tools import Progress
from ui.view import percent, words

WEEKS = 18
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def progress_line(progress: Progress) -> str:
    """How far the goals are, one a line."""
    goals = progress.goals
    lines = [
        _line("This session", progress.session, goals.session),
        _line("Today", progress.today, goals.day),
        _line("The book", progress.book, goals.book),
    ]
    return "\n".join(lines)


def _line(what: str, count: int, goal: int) -> str:
    return f"{what}: {count:,} of {words(goal)}, {percent(count, goal)}" if goal else f"{what}: {words(count)}"


def shade(count: int, most: int) -> int:
    """0 (nothing) to 4, by how a day compares with the day that is the measure: the goal, or the best one shown."""
    return 0 if count <= 0 else min(4, 1 + 3 * count // max(1, most))


def weeks(today: datetime.date, number: int = WEEKS) -> list[list[datetime.date]]:
    """The days of the last weeks, Monday to Sunday each, the present week last."""
    first = today - datetime.timedelta(days=today.weekday() + 7 * (number - 1))
    return [[first + datetime.timedelta(days=7 * week + day) for day in range(7)] for week in range(number)]


def calendar(days: Mapping[str, int], today: str, goal: int) -> str:
    """A table of the last months: a column a week, a row a weekday. Holds numbers and names of days only."""
    now = datetime.date.fromisoformat(today)
    columns = weeks(now)
    seen = [days.get(day.isoformat(), 0) for week in columns for day in week]
    most = goal or max(seen, default=0)
    heads = "".join(f"<th scope='col'><span>{_month(week, before)}</span></th>" for before, week in _pairs(columns))
    rows = ""
    for row, name in enumerate(DAYS):
        cells = "".join(_cell(week[row], days, now, most) for week in columns)
        rows += f"<tr><th scope='row'><span>{name[:2]}</span></th>{cells}</tr>"
    caption = f"{words(sum(seen))} in the last {len(columns)} weeks"
    return f"<table class='calendar'><caption>{caption}</caption><tr><td></td>{heads}</tr>{rows}</table>"


def _pairs(columns: list[list[datetime.date]]) -> list[tuple[list[datetime.date] | None, list[datetime.date]]]:
    return list(zip([None, *columns], columns, strict=False))


def _month(week: list[datetime.date], before: list[datetime.date] | None) -> str:
    """The month's name, over the first week that begins in it."""
    return MONTHS[week[0].month - 1] if before is None or before[0].month != week[0].month else ""


def _cell(day: datetime.date, days: Mapping[str, int], today: datetime.date, most: int) -> str:
    if day > today:
        return "<td></td>"
    count = days.get(day.isoformat(), 0)
    said = f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}: {words(count)}"
    return f"<td class='shade-{shade(count, most)}' title='{said}'><span class='sr-only'>{said}</span></td>"
