"""Which snapshots are kept: the head, those 1, 2, 4, 8 … commits back, chapter starts, inside a budget."""

from __future__ import annotations

from storage.snapshots import Commit, keep


def commits(count: int, size: int = 1) -> list[Commit]:
    return [Commit(i, i, f"c{i}", f"sha{i}", size) for i in range(count)]


def kept_by_thinning_after_each_of(commits: list[Commit]) -> list[Commit]:
    kept: list[Commit] = []
    for commit in commits:
        kept.append(commit)
        ids = keep(kept, 1000, set(), set())
        kept = [old for old in kept if old.id in ids]
    return kept


def test_what_is_kept_lies_1_2_4_8_16_commits_back() -> None:
    assert [16 - commit.number for commit in kept_by_thinning_after_each_of(commits(17))] == [16, 8, 4, 2, 1, 0]
    assert keep(commits(17), 1000, set(), set()) == {0, 8, 12, 14, 15, 16}


def test_at_any_time_there_is_one_in_each_doubling_of_the_distance() -> None:
    for count in range(1, 200):
        back = [count - 1 - commit.number for commit in kept_by_thinning_after_each_of(commits(count))]
        assert [distance.bit_length() for distance in reversed(back)] == list(range(len(back)))
        assert back[0] == count - 1 or back[0] >= count // 4


def test_a_range_whose_best_is_gone_keeps_another() -> None:
    assert keep([commit for commit in commits(17) if commit.number != 12], 1000, set(), set()) == {0, 8, 10, 14, 15, 16}


def test_chapter_starts_are_kept_beside() -> None:
    assert keep(commits(17), 1000, set(), {"c3", "c5", "unknown"}) == {16, 15, 14, 12, 8, 0, 3, 5}


def test_the_budget_wins_over_the_list_and_the_head_over_the_budget() -> None:
    assert keep(commits(17, size=10), 30, set(), {"c3"}) == {16, 15, 14}
    assert keep(commits(17, size=10), 79, set(), {"c3", "c5"}) == {16, 15, 14, 12, 8, 0, 5}
    assert keep(commits(17, size=10), 0, set(), {"c3"}) == {16}
    assert keep([], 10, set(), set()) == set()


def test_the_newest_of_each_memory_in_use_is_kept_before_the_rest() -> None:
    assert keep(commits(17, size=10), 30, {"c5"}, {"c3"}) == {16, 5, 15}
    assert keep(commits(17, size=10), 10, {"c5"}, set()) == {16}


def test_equal_files_count_once_in_the_budget() -> None:
    same = [Commit(i, i, f"c{i}", "same", 10) for i in range(5)]
    assert keep(same, 10, set(), set()) == {4, 3, 2, 0}
