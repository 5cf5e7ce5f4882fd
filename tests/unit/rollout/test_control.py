import signal

import pytest

from rollout.execution.control import Control


class Seen:
    """What a control did when it looked."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self.cancelled = 0
        self.said: list[str] = []

    def look(self) -> "Seen":
        self._control.look(self._cancel, self.said.append)
        return self

    def _cancel(self) -> None:
        self.cancelled += 1


@pytest.fixture
def patient() -> Control:
    return Control(patient=True)


def test_without_a_signal_nothing_happens(patient: Control) -> None:
    seen = Seen(patient).look()
    assert (seen.cancelled, seen.said, patient.stopping) == (0, [], False)


def test_a_first_ctrl_c_lets_stacks_end_and_a_second_cancels_them(patient: Control) -> None:
    seen = Seen(patient)
    with patient.listening():
        signal.raise_signal(signal.SIGINT)
        assert seen.look().cancelled == 0
        assert patient.stopping
        signal.raise_signal(signal.SIGINT)
        assert seen.look().cancelled == 1
    assert patient.signal == signal.SIGINT


def test_sigterm_cancels_at_once(patient: Control) -> None:
    with patient.listening():
        signal.raise_signal(signal.SIGTERM)
        assert Seen(patient).look().cancelled == 1
    assert patient.signal == signal.SIGTERM


def test_where_nothing_is_changed_the_first_ctrl_c_cancels() -> None:
    control = Control(patient=False)
    with control.listening():
        signal.raise_signal(signal.SIGINT)
        assert Seen(control).look().cancelled == 1


def test_a_signal_is_acted_on_once(patient: Control) -> None:
    seen = Seen(patient)
    with patient.listening():
        signal.raise_signal(signal.SIGTERM)
        assert seen.look().look().cancelled == 1


def test_a_signal_ends_a_pause(patient: Control) -> None:
    with patient.listening():
        signal.raise_signal(signal.SIGINT)
        patient.sleep(3600)


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Control(patient=True).listening():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
