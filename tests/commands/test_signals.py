from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from darfix_core.commands.signals import Terminated, cancel_on_interrupt, terminate_as_interrupt
from darfix_core.errors import Cancelled

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a process of Windows cannot send itself signals")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_sets_the_event_and_the_second_interrupts(number):
    with cancel_on_interrupt() as event:
        assert not event.is_set()
        os.kill(os.getpid(), number)
        assert event.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_first_signal_is_answered_at_once(capsys):
    with cancel_on_interrupt():
        os.kill(os.getpid(), signal.SIGINT)
        deadline = time.monotonic() + 5
        told = ""
        while not told and time.monotonic() < deadline:
            told = capsys.readouterr().err
    assert told == "darfix-core: cancelling ... (once more to stop at once)\n"


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, Cancelled), (signal.SIGTERM, Terminated)])
def test_run_that_stops_tells_which_signal_it_was(number, error):
    def run():
        with cancel_on_interrupt():
            os.kill(os.getpid(), number)
            raise Cancelled("the computation was cancelled")

    with pytest.raises(error):
        run()


def test_terminate_interrupts_where_nothing_waits_for_an_event():
    with pytest.raises(Terminated), terminate_as_interrupt():
        os.kill(os.getpid(), signal.SIGTERM)


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with terminate_as_interrupt(), cancel_on_interrupt():
        pass
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_other_threads_set_no_handlers():
    events = []

    def work():
        with terminate_as_interrupt(), cancel_on_interrupt() as event:
            events.append(event.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert events == [False]
