"""Sending: the loop around a provider, in made-up time where one thread is enough, with real threads where not."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from decimal import Decimal
from random import Random

import pytest

from chargen.build.events import (
    ChargedMore,
    ProviderPaused,
    ProviderStopped,
    RequestSent,
    SendingEvent,
    TryFailed,
)
from chargen.build.retry import BreakerOpenError, StoppedError
from chargen.build.sender import Sender
from chargen.errors import Problem, error
from chargen.model.request import (
    Asked,
    FailureClass,
    LiveProvider,
    Pending,
    ProviderError,
    ProviderSettings,
    Reply,
    Request,
    Ticket,
)
from chargen.model.values import Size
from chargen.plan.budget import Ledger, OverBudgetError
from chargen.store.jobs import Job as StoredJob

PRICE = Decimal("0.10")
SOON = 10.0
"""Real seconds after which a test with threads gives up."""


class Time:
    """A clock that only moves when someone waits; shared by the threads of a test."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.lock = threading.Lock()

    def clock(self) -> float:
        """Return the made-up time."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let the time pass."""
        with self.lock:
            self.now += seconds


class Scripted(LiveProvider):
    """A provider whose answers are made by `answer`, which gets the number of the call from 1."""

    default_model = "m"
    default_per_minute: float | None = None

    def __init__(
        self, answer: Callable[[int], Reply], *, name: str = "fake", workers: int = 2, time: Time | None = None
    ) -> None:
        self.name = name
        self.default_workers = workers
        self.answer = answer
        self.time = time
        self.lock = threading.Lock()
        self.calls: list[float] = []
        self.missing: Problem | None = None
        self.opened = 0

    def adapt(self, asked: Asked, model: str) -> Request:
        """Pass on what was asked."""
        return Request(self.name, model, asked.prompt, (), "1x1", None, {}, asked)

    def check(self, request: Request) -> tuple[Problem, ...]:
        """Find nothing wrong."""
        del request
        return ()

    def price(self, request: Request) -> Decimal | None:
        """Cost the same for everything."""
        del request
        return PRICE

    def open(self) -> None:
        """Count that it was called."""
        self.opened += 1

    def elsewhere(self) -> Problem | None:
        return None

    def missing_key(self) -> Problem | None:
        """Miss what the test says."""
        return self.missing

    def send(self, request: Request) -> Reply:
        """Answer by the script."""
        del request
        with self.lock:
            self.calls.append(self.time.now if self.time else 0.0)
            number = len(self.calls)
        return self.answer(number)

    def close(self) -> None:
        """Have nothing to close."""


class Log:
    """Writes down what it is told, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.refuse: Exception | None = None

    def in_transit(self, request: Request, servers: Sequence[str]) -> StoredJob | None:
        """Tell of a job that an earlier run sent."""
        del request, servers
        return None

    def sent(self, request: Request, number: int, estimate: Decimal | None, server: str) -> str:
        """Give the attempt a name."""
        del request, estimate, server
        if self.refuse:
            raise self.refuse
        self.lines.append(f"sent {number}")
        return f"attempt-{number}"

    def failed(self, attempt_id: str, failure: ProviderError) -> None:
        """Note the class of the failure."""
        self.lines.append(f"failed {attempt_id} {failure.failure.value}")


def script(*answers: ProviderError | Exception | Reply) -> Callable[[int], Reply]:
    """Give these answers in turn, and replies after the last."""

    def answer(number: int) -> Reply:
        outcome = answers[number - 1] if number <= len(answers) else Reply(b"picture")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return answer


def sender(
    provider: Scripted,
    *,
    time: Time | None = None,
    ledger: Ledger | None = None,
    stop: threading.Event | None = None,
    settings: ProviderSettings | None = None,
    seen: list[SendingEvent] | None = None,
) -> Sender:
    made_up = {"clock": time.clock, "wait": time.wait} if time else {}
    provider.time = time
    return Sender(
        {"": provider},
        settings or ProviderSettings(),
        ledger=ledger or Ledger(),
        stop=stop or threading.Event(),
        sink=(lambda _event: None) if seen is None else seen.append,
        luck=lambda: 0.0,
        **made_up,  # type: ignore[arg-type]
    )


def request(name: str = "image") -> Request:
    asked = Asked("prompt", "", (), Size(1, 1), entry_id=name)
    return Request("fake", "m", "prompt", (), "1x1", None, {}, asked)


def transient(**more: object) -> ProviderError:
    return ProviderError(FailureClass.TRANSIENT, "busy", **more)  # type: ignore[arg-type]


def ambiguous() -> ProviderError:
    return ProviderError(FailureClass.AMBIGUOUS, "timeout")


def stop_answer() -> ProviderError:
    return ProviderError(FailureClass.PROVIDER_STOP, "no quota", hint="pay", code="insufficient_quota")


def tries(own: Sender, asked: Request, price: Decimal = PRICE) -> int:
    """Send, and return how often a request left for it."""
    log = Log()
    own.send(asked, price, price, log)
    return sum(line.startswith("sent ") for line in log.lines)


def all_of(futures: Sequence[Future[Reply]]) -> list[Reply | BaseException]:
    """Wait for threads, and return what each gave or raised."""
    assert not wait_for(futures, SOON).not_done
    return [future.exception() or future.result() for future in futures]


def unreachable() -> ProviderError:
    return ProviderError(FailureClass.TRANSIENT, "no connection", hint="look at the address", alike=True)


def test_a_server_that_can_not_be_reached_stops_the_provider_after_three_tries() -> None:
    """Not five tries for each image; said once, with what to do."""
    time, seen = Time(), []
    provider = Scripted(script(*[unreachable()] * 9))
    own = sender(provider, time=time, seen=seen)
    with pytest.raises(ProviderError, match="no connection"):
        own.send(request("a"), PRICE, PRICE, Log())
    with pytest.raises(BreakerOpenError):
        own.send(request("b"), PRICE, PRICE, Log())
    assert len(provider.calls) == 3
    stops = [event for event in seen if isinstance(event, ProviderStopped)]
    assert [(stop.message, stop.hint) for stop in stops] == [("no connection", "look at the address")]


def test_a_page_instead_of_an_api_stops_the_provider_after_three_images() -> None:
    """What is not tried again for one image is counted over images."""
    provider = Scripted(script(*[ProviderError(FailureClass.INVALID, "a page", alike=True) for _ in range(9)]))
    own = sender(provider)
    for name in "abc":
        with pytest.raises(ProviderError, match="a page"):
            own.send(request(name), PRICE, PRICE, Log())
    with pytest.raises(BreakerOpenError):
        own.send(request("d"), PRICE, PRICE, Log())
    assert len(provider.calls) == 3


def test_a_network_that_was_there_before_is_given_all_tries() -> None:
    """It may come back; where it does not within the tries of one image, the provider is stopped."""
    time = Time()
    back = Scripted(script(Reply(b"x"), *[unreachable()] * 4))
    own = sender(back, time=time)
    own.send(request("a"), PRICE, PRICE, Log())
    assert tries(own, request("b"), PRICE) == 5
    gone = Scripted(script(Reply(b"x"), *[unreachable()] * 9))
    own = sender(gone, time=time)
    own.send(request("a"), PRICE, PRICE, Log())
    with pytest.raises(ProviderError):
        own.send(request("b"), PRICE, PRICE, Log())
    with pytest.raises(BreakerOpenError):
        own.send(request("c"), PRICE, PRICE, Log())
    assert len(gone.calls) == 6


class Job(Scripted):
    """A provider that takes a request and answers when it is asked for the third time."""

    asked_for = 0

    def submit(self, request: Request, name: str) -> Ticket:  # noqa: ARG002 - the protocol names a job
        self.send(request)
        return Ticket("job-1")

    def collect(self, ticket: Ticket) -> Reply | Pending:
        self.asked_for += 1
        return Pending(60.0) if self.asked_for < 3 else Reply(ticket.name.encode())


def test_a_job_is_asked_for_until_it_is_done_also_while_the_run_is_interrupted() -> None:
    """It is submitted once, waited for as long as it wishes, and an interruption lets it finish."""
    time, stop, log = Time(), threading.Event(), Log()

    def answer(_number: int) -> Reply:
        stop.set()
        return Reply(b"")

    job = Job(answer)
    sent = sender(job, time=time, stop=stop).send(request(), PRICE, PRICE, log)
    assert sent.data == b"job-1"
    assert (len(job.calls), job.asked_for, time.now) == (1, 3, 1120.0)
    assert log.lines == ["sent 1"]


def test_a_reply_comes_back_with_its_attempt() -> None:
    """The log has the attempt before the request leaves."""
    log = Log()
    provider = Scripted(lambda _number: Reply(b"picture", request_id=",".join(log.lines)))
    sent = sender(provider).send(request(), PRICE, PRICE, log)
    assert (sent.data, sent.request_id) == (b"picture", "sent 1")
    assert log.lines == ["sent 1"]


def test_nothing_leaves_that_the_log_does_not_take() -> None:
    """A full disk costs nothing: no request, and the money set aside comes back."""
    log = Log()
    log.refuse = OSError("disk full")
    provider = Scripted(script())
    ledger = Ledger(PRICE)
    with pytest.raises(OSError, match="disk full"):
        sender(provider, ledger=ledger).send(request(), PRICE, PRICE, log)
    assert provider.calls == []
    ledger.reserve(PRICE, PRICE)


def test_transient_failures_are_waited_out() -> None:
    """Each try has its own attempt, and the waits grow."""
    time, log, seen = Time(), Log(), list[SendingEvent]()
    provider = Scripted(script(transient(), transient(), transient()))
    sender(provider, time=time, seen=seen).send(request("a"), PRICE, PRICE, log)
    assert [round(at - 1000, 3) for at in provider.calls] == [0, 1, 3, 7]
    assert log.lines[:3] == ["sent 1", "failed attempt-1 transient", "sent 2"]
    assert log.lines[-1] == "sent 4"
    assert [type(event) for event in seen] == [RequestSent, TryFailed] * 3 + [RequestSent]
    assert [event.wait for event in seen if isinstance(event, TryFailed)] == [1.0, 2.0, 4.0]


def test_five_tries_are_all() -> None:
    """The last failure is the one that is told."""
    time, log = Time(), Log()
    failures = [transient() for _ in range(9)]
    provider = Scripted(script(*failures))
    with pytest.raises(ProviderError) as caught:
        sender(provider, time=time).send(request(), PRICE, PRICE, log)
    assert caught.value is failures[4]
    assert len(provider.calls) == 5


def test_an_ambiguous_failure_is_tried_again_once_and_counted() -> None:
    """Both tries are in the ledger, and the image says that one may have been billed for nothing."""
    time = Time()
    ledger = Ledger()
    assert tries(sender(Scripted(script(ambiguous())), time=time, ledger=ledger), request()) == 2
    assert ledger.spent == 2 * PRICE
    provider = Scripted(script(ambiguous(), ambiguous()))
    with pytest.raises(ProviderError, match="timeout") as caught:
        sender(provider, time=time).send(request(), PRICE, PRICE, Log())
    assert caught.value.possibly_billed
    assert len(provider.calls) == 2


@pytest.mark.parametrize("failure", [FailureClass.REFUSED, FailureClass.INVALID])
def test_a_refusal_is_final_for_its_image_only(failure: FailureClass) -> None:
    """The next image is sent for."""
    provider = Scripted(script(ProviderError(failure, "not that")))
    own = sender(provider)
    with pytest.raises(ProviderError, match="not that"):
        own.send(request("a"), PRICE, PRICE, Log())
    assert tries(own, request("b"), PRICE) == 1
    assert own.stopped_by is None


def test_a_bug_fails_its_image_as_ours_and_its_words_stay_inside() -> None:
    """The traceback is the cause; the message has only the kind of error, because its words may hold a key."""
    log, ledger = Log(), Ledger()
    provider = Scripted(script(KeyError("sk-secret")))
    own = sender(provider, ledger=ledger)
    with pytest.raises(ProviderError) as caught:
        own.send(request(), PRICE, PRICE, log)
    assert caught.value.failure is FailureClass.OURS
    assert "KeyError" in caught.value.message
    assert "sk-" not in str(caught.value)
    assert isinstance(caught.value.__cause__, KeyError)
    assert log.lines == ["sent 1", "failed attempt-1 ours"]
    assert ledger.spent == PRICE
    assert tries(own, request(), PRICE) == 1


@pytest.mark.parametrize("rate_limited", [True, False])
def test_one_wish_to_wait_holds_all_images_of_that_provider_and_no_other(rate_limited: bool) -> None:
    """The pause is shared; the other provider's clock goes on."""
    time, seen = Time(), list[SendingEvent]()
    provider = Scripted(script(transient(wait=30.0, rate_limited=rate_limited, tries=1)))
    other = Scripted(script(), name="other")
    own = sender(provider, time=time, seen=seen)
    with pytest.raises(ProviderError, match="busy"):
        own.send(request("a"), PRICE, PRICE, Log())
    sender(other, time=time).send(request("b"), PRICE, PRICE, Log())
    assert other.calls == [1000.0]
    own.send(request("c"), PRICE, PRICE, Log())
    assert provider.calls[1] == pytest.approx(1030.0)
    assert [event for event in seen if isinstance(event, ProviderPaused)] == [ProviderPaused("fake", 30.0, "busy")]


def test_a_rate_limit_without_a_wish_pauses_as_long_as_the_try_waits() -> None:
    """And as long as the next try would have waited where there is none."""
    time, seen = Time(), list[SendingEvent]()
    provider = Scripted(script(*(transient(rate_limited=True) for _ in range(5))))
    own = sender(provider, time=time, seen=seen, settings=ProviderSettings(per_minute=6000))
    with pytest.raises(ProviderError, match="busy"):
        own.send(request(), PRICE, PRICE, Log())
    pauses = [event.seconds for event in seen if isinstance(event, ProviderPaused)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0]
    own.send(request(), PRICE, PRICE, Log())
    assert provider.calls[-1] == pytest.approx(1000 + 15 + 16, abs=0.1)


def test_a_wish_longer_than_a_run_waits_stops_the_provider_and_is_named() -> None:
    """Nobody learns anything from asking again."""
    time = Time()
    provider = Scripted(script(transient(wait=3600.0, rate_limited=True)))
    own = sender(provider, time=time)
    with pytest.raises(ProviderError) as caught:
        own.send(request(), PRICE, PRICE, Log())
    assert caught.value.hint == "`fake` asks to wait 3600 s: run again after that"
    with pytest.raises(BreakerOpenError):
        own.send(request(), PRICE, PRICE, Log())
    assert len(provider.calls) == 1


def test_the_limit_of_the_settings_paces() -> None:
    """Thirty a minute leave two seconds apart, and a hundredth more."""
    time = Time()
    provider = Scripted(script())
    own = sender(provider, time=time, settings=ProviderSettings(per_minute=30))
    for _ in range(31):
        own.send(request(), PRICE, PRICE, Log())
    assert provider.calls[-1] - provider.calls[0] == pytest.approx(60.6, abs=0.3)


def test_a_limit_that_nobody_told_is_learned_from_refusals() -> None:
    """Nothing is spaced until the second refusal; what leaves after it is, by 7/10 of what went through before."""
    time = Time()
    refused = transient(wait=0.5, rate_limited=True)
    provider = Scripted(script(Reply(b"1"), refused, Reply(b"2"), refused))
    own = sender(provider, time=time)
    for _ in range(6):
        assert tries(own, request()) <= 2
    gaps = [after - before for before, after in itertools.pairwise(provider.calls)]
    assert gaps[:3] == [0.0, 0.5, 0.0]
    assert gaps[4:] == pytest.approx([60 * 1.01 / 84] * 3, abs=0.05)  # two in a second are 120 a minute


def test_a_dead_account_is_asked_at_most_as_often_as_there_are_workers() -> None:
    """All in flight answer; every other image fails at once, with the same words."""
    together = threading.Barrier(3)

    def answer(_number: int) -> Reply:
        together.wait(SOON)
        raise stop_answer()

    seen = list[SendingEvent]()
    provider = Scripted(answer, workers=3)
    own = sender(provider, seen=seen)
    with ThreadPoolExecutor(10) as pool:
        outcomes = all_of([pool.submit(own.send, request(str(number)), PRICE, PRICE, Log()) for number in range(20)])
    assert len(provider.calls) == 3
    assert [str(outcome) for outcome in outcomes] == ["no quota"] * 20
    assert sum(isinstance(outcome, BreakerOpenError) for outcome in outcomes) == 17
    assert [event for event in seen if isinstance(event, ProviderStopped)] == [
        ProviderStopped("fake", "no quota", "pay")
    ]


def test_an_opened_breaker_ends_the_wait_for_a_retry() -> None:
    """Who waits for a second try does not wait on for a provider that is stopped."""
    waiting = threading.Event()

    def answer(number: int) -> Reply:
        raise transient() if number == 1 else stop_answer()

    def sink(event: SendingEvent) -> None:
        if isinstance(event, TryFailed) and event.wait:
            waiting.set()

    provider = Scripted(answer)
    own = Sender({"": provider}, ProviderSettings(), ledger=Ledger(), stop=threading.Event(), sink=sink)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(own.send, request("a"), PRICE, PRICE, Log())
        assert waiting.wait(SOON)
        second = pool.submit(own.send, request("b"), PRICE, PRICE, Log())
        outcomes = all_of([first, second])
    assert isinstance(outcomes[0], BreakerOpenError)
    assert len(provider.calls) == 2


def test_an_opened_breaker_ends_the_wait_for_a_departure() -> None:
    """At one image in a hundred minutes, the others still fail at once."""
    flying, land = threading.Event(), threading.Event()

    def answer(_number: int) -> Reply:
        flying.set()
        land.wait(SOON)
        raise stop_answer()

    provider = Scripted(answer)
    own = sender(provider, settings=ProviderSettings(per_minute=0.01))
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(own.send, request(), PRICE, PRICE, Log())
        assert flying.wait(SOON)
        rest = [pool.submit(own.send, request(), PRICE, PRICE, Log()) for _ in range(4)]
        land.set()
        outcomes = all_of([first, *rest])
    assert [type(outcome) for outcome in outcomes] == [ProviderError] + [BreakerOpenError] * 4
    assert len(provider.calls) == 1


def test_a_provider_is_opened_before_the_turn_to_leave_comes() -> None:
    """Loading an SDK after the departure would let the first requests arrive together."""
    time = Time()
    provider = Scripted(script())
    seen: list[int] = []

    def answer(_number: int) -> Reply:
        seen.append(provider.opened)
        return Reply(b"x")

    provider.answer = answer
    sender(provider, time=time).send(request(), PRICE, PRICE, Log())
    assert seen == [1]


def test_a_missing_key_stops_the_provider_before_anything_is_sent() -> None:
    """It is told once and costs nothing; there is no falling back."""
    seen = list[SendingEvent]()
    provider = Scripted(script())
    provider.missing = error("`FAKE_API_KEY` is not set", hint="set it")
    own = sender(provider, seen=seen)
    for _ in range(2):
        with pytest.raises(BreakerOpenError, match="FAKE_API_KEY"):
            own.send(request(), PRICE, PRICE, Log())
    assert provider.calls == []
    assert seen == [ProviderStopped("fake", "`FAKE_API_KEY` is not set", "set it")]


def test_never_more_than_the_workers_are_in_flight() -> None:
    """Any number of threads may send."""
    lock, together = threading.Lock(), threading.Barrier(3)
    flying, most = 0, 0

    def answer(_number: int) -> Reply:
        nonlocal flying, most
        with lock:
            flying += 1
            most = max(most, flying)
        together.wait(SOON)
        with lock:
            flying -= 1
        return Reply(b"x")

    provider = Scripted(answer)
    own = sender(provider, settings=ProviderSettings(workers=3))
    with ThreadPoolExecutor(12) as pool:
        all_of([pool.submit(own.send, request(), PRICE, PRICE, Log()) for _ in range(60)])
    assert most == 3 == own.workers
    assert len(provider.calls) == 60


@pytest.mark.parametrize("settings", [ProviderSettings(per_minute=0.01), ProviderSettings(workers=1)])
def test_an_interruption_ends_waits_and_lets_calls_in_flight_finish(settings: ProviderSettings) -> None:
    """The reply that is paid for arrives; nothing else leaves."""
    stop, flying, land = threading.Event(), threading.Event(), threading.Event()

    def answer(_number: int) -> Reply:
        flying.set()
        land.wait(SOON)
        return Reply(b"paid")

    provider = Scripted(answer)
    own = sender(provider, stop=stop, settings=settings)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(own.send, request("a"), PRICE, PRICE, Log())
        assert flying.wait(SOON)
        rest = [pool.submit(own.send, request("b"), PRICE, PRICE, Log()) for _ in range(4)]
        stop.set()
        assert all(isinstance(outcome, StoppedError) for outcome in all_of(rest))
        land.set()
        assert first.result(SOON).data == b"paid"
    assert len(provider.calls) == 1


def test_an_interruption_ends_the_wait_for_a_retry() -> None:
    """The attempt is in the log as failed; the image is neither failed nor done."""
    stop = threading.Event()
    log = Log()
    provider = Scripted(script(transient(wait=200.0)))
    waiting = threading.Event()
    own = Sender(
        {"": provider},
        ProviderSettings(),
        ledger=Ledger(),
        stop=stop,
        sink=lambda event: waiting.set() if isinstance(event, TryFailed) else None,
    )
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(own.send, request(), PRICE, PRICE, log)
        assert waiting.wait(SOON)
        stop.set()
        assert isinstance(future.exception(SOON), StoppedError)
    assert log.lines == ["sent 1", "failed attempt-1 transient"]


def test_what_does_not_fit_the_budget_is_not_sent_for() -> None:
    """Neither what is too dear nor what has no known price."""
    provider = Scripted(script())
    own = sender(provider, ledger=Ledger(Decimal(5), Decimal(1), spent_month=Decimal("0.95")))
    with pytest.raises(OverBudgetError, match=r"over budget: \$0\.10, \$0\.05 of the month's \$1\.00 left"):
        own.send(request(), PRICE, PRICE, Log())
    with pytest.raises(OverBudgetError, match="price is unknown"):
        own.send(request(), None, None, Log())
    assert tries(own, request(), Decimal("0.05")) == 1
    assert len(provider.calls) == 1


def test_a_retry_that_does_not_fit_leaves_the_failure_it_was_for() -> None:
    """The image has failed, and the hint says why it was not tried again."""
    time = Time()
    provider = Scripted(script(ambiguous()))
    with pytest.raises(ProviderError, match="timeout") as caught:
        sender(provider, time=time, ledger=Ledger(Decimal("0.15"))).send(request(), PRICE, PRICE, Log())
    assert caught.value.failure is FailureClass.AMBIGUOUS
    assert "not tried again because of the budget" in caught.value.hint
    assert len(provider.calls) == 1
    assert time.now == pytest.approx(1001.0)


def test_what_was_really_spent_takes_the_place_of_the_estimate() -> None:
    """A cheaper reply leaves room, a free failure all of it; an unknown price counts nothing."""
    time = Time()
    ledger = Ledger(Decimal("0.20"))
    cheap = Reply(b"x", cost_usd=Decimal("0.04"))
    billed = transient(cost_usd=Decimal("0.01"))
    own = sender(Scripted(script(transient(), billed, cheap)), time=time, ledger=ledger)
    own.send(request(), PRICE, PRICE, Log())
    assert ledger.spent == Decimal("0.05")
    free = Ledger()
    sender(Scripted(script()), ledger=free).send(request(), None, None, Log())
    assert free.spent == Decimal(0)


def test_money_set_aside_for_calls_in_flight_can_not_be_spent_again() -> None:
    """While two calls fly that may use up the budget, a third waits; it is refused once they have used it up."""
    flying, land = threading.Semaphore(0), threading.Event()

    def answer(_number: int) -> Reply:
        flying.release()
        land.wait(SOON)
        return Reply(b"x")

    own = sender(Scripted(answer, workers=3), ledger=Ledger(Decimal("0.20")))
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(own.send, request(), PRICE, PRICE, Log()) for _ in range(3)]
        assert flying.acquire(timeout=SOON)
        assert flying.acquire(timeout=SOON)
        assert not flying.acquire(timeout=0.3), "a third has left"
        land.set()
        outcomes = all_of(futures)
    assert sum(isinstance(outcome, Reply) for outcome in outcomes) == 2
    assert sum(isinstance(outcome, OverBudgetError) for outcome in outcomes) == 1


def test_the_most_a_try_may_cost_is_set_aside_and_what_it_did_not_cost_is_free_again() -> None:
    """Two dear tries don't fit side by side; one after the other, as cheap as they are estimated, both do."""
    most, at_once = 4 * PRICE, 0
    flying = threading.Lock()

    def answer(_number: int) -> Reply:
        nonlocal at_once
        at_once += not flying.acquire(blocking=False)
        flying.release()
        return Reply(b"x", cost_usd=PRICE)

    own = sender(Scripted(answer, workers=4), ledger=Ledger(7 * PRICE))
    with ThreadPoolExecutor(4) as pool:
        outcomes = all_of([pool.submit(own.send, request(), PRICE, most, Log()) for _ in range(8)])
    assert at_once == 0
    assert sum(isinstance(outcome, Reply) for outcome in outcomes) == 4
    refusals = [outcome for outcome in outcomes if isinstance(outcome, OverBudgetError)]
    assert {refusal.message for refusal in refusals} == {
        "over budget: $0.10 and at most $0.40, $0.30 of the run's $0.70 left"
    }


def test_an_interruption_ends_the_wait_for_money() -> None:
    """What waits for the end of another request is not sent after it."""
    stop, flying, land = threading.Event(), threading.Event(), threading.Event()

    def answer(_number: int) -> Reply:
        flying.set()
        land.wait(SOON)
        return Reply(b"x", cost_usd=PRICE)

    provider = Scripted(answer, workers=2)
    own = sender(provider, stop=stop, ledger=Ledger(PRICE))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(own.send, request(), PRICE, PRICE, Log())
        assert flying.wait(SOON)
        second = pool.submit(own.send, request(), PRICE, PRICE, Log())
        stop.set()
        assert isinstance(second.exception(SOON), StoppedError)
        land.set()
        assert isinstance(first.result(SOON), Reply)
    assert len(provider.calls) == 1


def test_a_vendor_that_charges_more_than_was_set_aside_is_told() -> None:
    """The event says how much more; what follows is set aside for with the same surplus."""
    seen: list[SendingEvent] = []
    own = sender(Scripted(script(Reply(b"x", cost_usd=2 * PRICE))), seen=seen, ledger=Ledger(4 * PRICE))
    own.send(request("dear"), PRICE, PRICE, Log())
    assert [event for event in seen if isinstance(event, ChargedMore)] == [
        ChargedMore("fake/m", "dear", PRICE, 2 * PRICE)
    ]
    own.send(request(), PRICE, PRICE, Log())
    with pytest.raises(OverBudgetError, match=r"at most \$0\.20, \$0\.10 of"):
        own.send(request(), PRICE, PRICE, Log())


@pytest.mark.parametrize("seed", range(5))
def test_the_budget_is_never_exceeded_by_threads_with_retries(seed: int) -> None:
    """Whatever fails and may have been billed, what the provider may have charged stays within the limit."""
    time, chance, lock = Time(), Random(seed), threading.Lock()
    charged = Decimal(0)

    def answer(_number: int) -> Reply:
        nonlocal charged
        with lock:
            outcome = chance.choice(["good", "good", "timeout", "busy", "empty"])
            if outcome != "busy":
                charged += PRICE
        if outcome == "timeout":
            raise ambiguous()
        if outcome == "busy":
            raise transient(wait=0.5)
        if outcome == "empty":
            raise transient(possibly_billed=True, tries=2)
        return Reply(b"x")

    limit = Decimal("2.05")
    ledger = Ledger(limit)
    provider = Scripted(answer, workers=6)
    own = sender(provider, time=time, ledger=ledger)
    with ThreadPoolExecutor(8) as pool:
        outcomes = all_of([pool.submit(own.send, request(), PRICE, PRICE, Log()) for _ in range(40)])
    assert limit - 5 * PRICE < charged == ledger.spent <= limit
    assert any(isinstance(outcome, OverBudgetError) for outcome in outcomes)
