"""Several servers of one provider: who is asked, who is left out, and that nobody can tell who answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from types import SimpleNamespace

import pytest

from chargen.build.events import ProviderStopped, SendingEvent, ServerLeftOut
from chargen.build.retry import REST, BreakerOpenError
from chargen.build.sender import Sender
from chargen.model.request import (
    Asked,
    FailureClass,
    LiveProvider,
    ProviderError,
    ProviderSettings,
    Reply,
    Request,
    Ticket,
)
from chargen.model.values import Size
from chargen.plan.budget import Ledger
from chargen.store.jobs import Job

SOON = 30
FREE = Decimal(0)


class Member(LiveProvider):
    """One server: answers as `answer` says, by the number of the request."""

    name, default_model, default_workers, default_per_minute = "fake", "m", 2, None

    def __init__(self, answer: Callable[[int], Reply]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.asked: list[str] = []

    def missing_key(self) -> None:
        """Need none."""

    def open(self) -> None:
        """Have nothing to load."""

    def send(self, request: Request) -> Reply:
        """Answer."""
        with self._lock:
            self.asked.append(request.asked.entry_id)
            number = len(self.asked)
        return self._answer(number)


class Time:
    """A clock that waiting moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


class Log:
    """Names attempts and keeps what was said of them."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def in_transit(self, request: Request, servers: Sequence[str]) -> Job | None:
        """Tell of no job."""
        del request, servers

    def sent(self, request: Request, number: int, estimate: Decimal | None, server: str) -> str:
        """Give the attempt a name."""
        del request, estimate
        self.lines.append(f"sent {number} to {server}")
        return f"attempt-{number}"

    def failed(self, attempt_id: str, failure: ProviderError) -> None:
        """Note it."""
        self.lines.append(f"failed {attempt_id} {failure.failure.value}")


def well(_number: int) -> Reply:
    return Reply(b"picture")


def unreachable(_number: int) -> Reply:
    raise ProviderError(FailureClass.TRANSIENT, "no connection", alike=True)


def pool(members: Mapping[str, Member], time: Time, seen: list[SendingEvent] | None = None) -> Sender:
    return Sender(
        members,  # type: ignore[arg-type]
        ProviderSettings(),
        ledger=Ledger(),
        stop=threading.Event(),
        sink=(lambda _event: None) if seen is None else seen.append,
        luck=lambda: 0.0,
        clock=time.clock,
        wait=time.wait,
    )


def request(name: str = "image") -> Request:
    asked = Asked("prompt", "", (), Size(1, 1), entry_id=name)
    return Request("fake", "m", "prompt", (), "1x1", None, {}, asked)


def send(sender: Sender, name: str = "image", log: Log | None = None) -> Reply:
    return sender.send(request(name), FREE, FREE, log or Log())


def test_the_least_busy_one_is_asked() -> None:
    """While one works the others are asked; each has its own places in flight."""
    land = threading.Event()
    flying = threading.Semaphore(0)

    def slow(_number: int) -> Reply:
        flying.release()
        assert land.wait(SOON)
        return Reply(b"picture")

    members = {name: Member(slow) for name in ("one", "two", "three")}
    own = pool(members, Time())
    assert own.workers == 6
    with ThreadPoolExecutor(6) as threads:
        for round_ in (1, 2):
            futures = []
            for _ in members:
                futures.append(threads.submit(send, own))
                assert flying.acquire(timeout=SOON)
            assert [len(member.asked) for member in members.values()] == [round_] * 3
        land.set()


def test_a_dead_one_is_left_out_and_tried_again_after_a_rest() -> None:
    """Its image goes to another at once; a rest later it is asked again, and serves again."""
    alive = threading.Event()
    members = {
        "one": Member(lambda number: well(number) if alive.is_set() else unreachable(number)),
        "two": Member(well),
    }
    time, seen, log = Time(), [], Log()
    own = pool(members, time, seen)
    assert send(own, log=log).data == b"picture"
    assert log.lines == ["sent 1 to one", "failed attempt-1 transient", "sent 2 to two"]
    assert time.now == 0, "it waited although another was there"
    for _ in range(3):
        send(own)
    assert len(members["one"].asked) == 1
    left_out = [event for event in seen if isinstance(event, ServerLeftOut)]
    assert left_out == [ServerLeftOut("fake", "one", REST, "no connection")]
    alive.set()
    time.now += REST
    send(own)
    assert len(members["one"].asked) == 2
    send(own)
    assert len(members["one"].asked) == 3, "it serves, and is first again"


def test_a_dead_one_rests_longer_each_time() -> None:
    """It costs a try now and then, not one an image."""
    members = {"one": Member(unreachable), "two": Member(well)}
    time = Time()
    own = pool(members, time)
    for _ in range(100):
        send(own)
        time.now += REST / 2
    assert 3 <= len(members["one"].asked) <= 8


def test_all_dead_stop_the_provider_once() -> None:
    """Told once, and nothing is sent any more."""
    members = {"one": Member(unreachable), "two": Member(unreachable)}
    seen: list[SendingEvent] = []
    own = pool(members, Time(), seen)
    with pytest.raises(ProviderError, match="no connection"):
        send(own)
    with pytest.raises(BreakerOpenError):
        send(own)
    assert [len(member.asked) for member in members.values()] == [1, 1]
    assert len([event for event in seen if isinstance(event, ProviderStopped)]) == 1


def test_one_that_stops_for_good_leaves_the_others_alone() -> None:
    """A certificate, a lock on one machine: the rest of the pool goes on."""

    def closed(_number: int) -> Reply:
        raise ProviderError(FailureClass.PROVIDER_STOP, "no entry")

    members = {"one": Member(closed), "two": Member(well)}
    own = pool(members, Time())
    for _ in range(3):
        send(own)
    assert [len(member.asked) for member in members.values()] == [1, 3]


def test_a_refused_image_is_not_asked_for_elsewhere() -> None:
    """What one server says of a prompt the others would say too."""

    def refuse(_number: int) -> Reply:
        raise ProviderError(FailureClass.INVALID, "no such node")

    members = {"one": Member(refuse), "two": Member(refuse)}
    with pytest.raises(ProviderError, match="no such node"):
        send(pool(members, Time()))
    assert sum(len(member.asked) for member in members.values()) == 1


def test_one_that_dies_with_a_request_costs_one_try_more() -> None:
    """It may have been made there; another is asked once, and it is counted as possibly billed."""

    def dies(number: int) -> Reply:
        if number == 1:
            raise ProviderError(FailureClass.AMBIGUOUS, "the connection broke")
        return unreachable(number)

    members = {"one": Member(dies), "two": Member(well)}
    log = Log()
    send(pool(members, Time()), log=log)
    assert log.lines == ["sent 1 to one", "failed attempt-1 ambiguous", "sent 2 to two"]


def test_those_who_wait_at_a_server_that_dies_go_elsewhere() -> None:
    """Nobody is failed by a server that others stand in for."""
    flying, land = threading.Semaphore(0), threading.Event()

    def dies(number: int) -> Reply:
        flying.release()
        assert land.wait(SOON)
        return unreachable(number)

    def slow(number: int) -> Reply:
        flying.release()
        assert land.wait(SOON)
        return well(number)

    members = {"one": Member(dies), "two": Member(slow)}
    own = pool(members, Time())
    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(send, own) for _ in range(8)]
        for _ in range(4):
            assert flying.acquire(timeout=SOON)
        land.set()
        assert [future.result(SOON).data for future in futures] == [b"picture"] * 8
    assert len(members["two"].asked) == 8


def test_a_job_is_waited_for_where_it_is() -> None:
    """The one that has it is asked, however busy; only where it is dead another is sent the request."""

    class Queue(Member):
        def submit(self, request: Request, name: str) -> Ticket:
            self.asked.append(request.asked.entry_id)
            return Ticket(name)

        def collect(self, ticket: Ticket) -> Reply:
            return Reply(ticket.name.encode())

    class Waiting(Log):
        def in_transit(self, request: Request, servers: Sequence[str]) -> Job | None:
            del request
            assert servers == ("one", "two")
            return SimpleNamespace(name="attempt-0", server="two")  # type: ignore[return-value]

    members = {"one": Queue(well), "two": Queue(well)}
    sent = pool(members, Time()).send(request(), FREE, FREE, Waiting())
    assert sent.data == b"attempt-0"
    assert [member.asked for member in members.values()] == [[], []]
