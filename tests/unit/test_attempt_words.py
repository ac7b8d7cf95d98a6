"""What became of a message or call is said in words, whatever it is."""

from __future__ import annotations

from domain import attempts
from domain.queries import case_messages


def test_every_state_of_an_attempt_has_its_words_in_both_languages() -> None:
    states = case_messages.ATTEMPT_STATES

    assert set(states) == set(attempts.RANKS)
    assert all(label.zh and label.en and label.zh != label.en for label in states.values())


def test_every_end_without_success_looks_like_one() -> None:
    ends = {state for state in attempts.RANKS if state in attempts.OVER | {"not_sent", "unknown"}}

    assert ends - {"delivered", "completed"} == case_messages.BAD_ENDS
