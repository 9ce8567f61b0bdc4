"""The polling loop on a clock of the test's own: how long it holds, when it ends, what it forgives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corral import errors
from corral.sdk import waiting
from corral.vocabulary import LongPollingStatus

DONE, PENDING = LongPollingStatus.DONE, LongPollingStatus.PENDING
Answer = LongPollingStatus | errors.CorralError


@dataclass
class Clock:
    """Time passes only while the loop sleeps or the server holds a question."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    holds: list[int] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def server(self, *answers: Answer, slow: float = 0.0) -> Callable[[int], LongPollingStatus]:
        """A server that holds each question as long as it may, then gives the next answer, at the end the last."""
        coming = list(answers)

        def ask(hold: int) -> LongPollingStatus:
            self.holds.append(hold)
            answer = coming.pop(0) if len(coming) > 1 else coming[0]
            if isinstance(answer, errors.CorralError):
                raise answer
            self.now += (hold if answer is PENDING else 0) + slow
            return answer

        return ask


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(waiting, "time", made)
    return made


def wait(ask: Callable[[int], Any], seconds: float) -> Any:
    return waiting.wait(ask, lambda state: state, seconds)


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seconds=st.integers(0, 400), slow=st.sampled_from([0.125, 0.5, 30]))
def test_a_job_that_does_not_end_is_left_in_time(monkeypatch: pytest.MonkeyPatch, seconds: int, slow: float) -> None:
    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)
    assert wait(clock.server(PENDING, slow=slow), seconds) is PENDING
    assert seconds <= clock.now - 1000 <= seconds + slow + 1
    assert all(0 <= hold <= 50 for hold in clock.holds)


def test_a_long_wait_is_asked_in_pieces(clock: Clock) -> None:
    assert wait(clock.server(PENDING, PENDING, DONE), 1000) is DONE
    assert clock.holds == [50, 50, 50]
    assert clock.slept == []


def test_the_last_question_fits_into_what_is_left(clock: Clock) -> None:
    assert wait(clock.server(PENDING), 70) is PENDING
    assert clock.holds == [50, 20]


def test_a_negative_time_still_asks_once(clock: Clock) -> None:
    assert wait(clock.server(DONE), -5) is DONE
    assert clock.holds == [0]


@pytest.mark.parametrize("status", [LongPollingStatus.ERROR, LongPollingStatus.CANCELLED])
def test_a_bad_end_is_an_end(clock: Clock, status: LongPollingStatus) -> None:
    assert wait(clock.server(PENDING, status), 1000) is status


def test_too_many_requests_are_obeyed(clock: Clock) -> None:
    assert wait(clock.server(errors.RateLimitExceededError("slowly", 7), DONE), 1000) is DONE
    assert clock.slept == [7]


def test_pauses_end_with_the_time(clock: Clock) -> None:
    with pytest.raises(errors.RateLimitExceededError):
        wait(clock.server(errors.RateLimitExceededError("slowly", 600)), 20)
    assert clock.slept == [20]


def test_pauses_grow(clock: Clock) -> None:
    gone = errors.TransportError("gone")
    with pytest.raises(errors.TransportError, match="gone"):
        wait(clock.server(gone), 1000)
    assert clock.slept == [1, 2]


@pytest.mark.parametrize("kind", [errors.AuthorisationError, errors.ServerError, errors.ResourceNotFoundError])
def test_an_answer_that_says_no_ends_the_wait(clock: Clock, kind: type[errors.CorralError]) -> None:
    with pytest.raises(kind):
        wait(clock.server(PENDING, kind("no")), 1000)
    assert len(clock.holds) == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (LongPollingStatus.ERROR, r"The upload failed: 0; 1; 2; 3; 4 \(and 2 more\)"),
        (LongPollingStatus.CANCELLED, "The upload was cancelled"),
        (LongPollingStatus.PENDING, "The upload is not finished yet"),
    ],
)
def test_a_bad_end_is_raised_with_all_its_errors(status: LongPollingStatus, words: str) -> None:
    failures = [str(number) for number in range(7)]
    with pytest.raises(errors.JobError, match=words) as caught:
        waiting.require_done(status, failures, "The upload")
    assert caught.value.errors == failures


def test_a_good_end_is_silent() -> None:
    waiting.require_done(LongPollingStatus.DONE, [], "The upload")
