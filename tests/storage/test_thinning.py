"""Which backups stay: all of two days, then fewer and fewer, and never the wrong ones when the clock is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from storage.backups import ALL_S, DAY_S, keep

NOW = datetime(2026, 11, 24, 19, 40, tzinfo=UTC).timestamp()
HOUR_S = 3600.0
MOST = 12 + 10 + 9

times = st.sets(st.integers(0, 3000 * 24).map(lambda hours: NOW - hours * HOUR_S), max_size=200)
clocks = st.integers(-4000 * 24, 4000 * 24).map(lambda hours: NOW + hours * HOUR_S)


def test_a_day_in_the_middle_of_a_long_history() -> None:
    """A backup every six hours for two years, thinned after each: what is left, by its day."""
    kept: set[float] = set()
    now = NOW
    for _ in range(2 * 365 * 4):
        now += 6 * HOUR_S
        kept = keep(kept | {now}, now)
    newest_first = sorted(kept, reverse=True)
    assert newest_first[:8] == [now - step * 6 * HOUR_S for step in range(8)]
    days = [int(made // DAY_S) for made in newest_first[8:]]
    daily, weekly, monthly = days[:12], days[12:22], days[22:]
    assert daily == [daily[0] - day for day in range(12)]
    assert len(monthly) == 9
    assert all(0 < later - earlier <= 7 for later, earlier in zip(days[11:21], weekly, strict=True))
    assert all(0 < later - earlier <= 35 for later, earlier in zip(days[21:30], monthly, strict=True))
    assert now // DAY_S - days[-1] > 9 * 31


@given(times, clocks)
def test_what_is_kept_was_there_and_is_not_much(made: set[float], now: float) -> None:
    kept = keep(made, now)
    recent = {time for time in made if time > now - ALL_S}
    assert recent <= kept <= made
    assert len(kept - recent) <= MOST
    assert len(kept - recent) >= min(len(made - recent), 1)


@given(times.filter(bool), clocks)
def test_the_newest_and_all_from_the_future_stay(made: set[float], now: float) -> None:
    kept = keep(made, now)
    assert max(made) in kept
    assert {time for time in made if time >= now} <= kept


@given(times, clocks)
def test_thinning_again_at_the_same_time_changes_nothing(made: set[float], now: float) -> None:
    once = keep(made, now)
    assert keep(once, now) == once


@given(times, st.integers(0, 4000 * 24))
def test_a_clock_that_runs_ahead_costs_no_day_of_the_last_twelve(made: set[float], hours: int) -> None:
    """Counted are days that have backups, so the days of before the jump are still the last ones."""
    days = sorted({int(time // DAY_S) for time in made}, reverse=True)
    kept = {int(time // DAY_S) for time in keep(made, NOW + hours * HOUR_S)}
    assert set(days[:12]) <= kept


@given(times, clocks)
def test_the_newest_of_each_kept_day_is_the_one_kept(made: set[float], now: float) -> None:
    older = {time for time in made if time <= now - ALL_S}
    for time in keep(made, now) & older:
        assert time == max(other for other in older if other // DAY_S == time // DAY_S)


def test_nothing_is_kept_of_nothing() -> None:
    assert keep([], NOW) == set()
