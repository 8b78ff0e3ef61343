"""Jobs at both vendors over HTTP: the official SDKs against servers on this machine that keep jobs."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from provider_cases import BANANA, GOOGLE_KEY, OPENAI_KEY, asked, provider, reference
from servers import google_server, loopback, openai_server
from servers.google_server import GoogleServer
from servers.loopback import Fault
from servers.openai_server import OpenAIServer

from chargen.model.batches import BatchState, Upload
from chargen.model.request import FailureClass, ProviderError, Reply, Request
from chargen.providers.http.batches import digest
from chargen.providers.openai.batches import OpenAIBatches

MODELS = {"openai": "gpt-image-2.5-flare", "google": BANANA}
SERVERS = {"openai": OpenAIServer, "google": GoogleServer}
KEYS = {"openai": OPENAI_KEY, "google": GOOGLE_KEY}
AGES_AGO = "2020-01-01T00:00:00+00:00"


@dataclass
class Vendor:
    """A server that keeps jobs, its provider, and what the provider makes of them."""

    name: str
    server: Any
    provider: Any

    @property
    def batches(self) -> Any:
        return self.provider.batches

    @property
    def jobs(self) -> Any:
        return self.server.jobs

    def request(self, prompt: str = "a red fox", **changes: Any) -> Request:
        return self.provider.adapt(asked(prompt, **changes), MODELS[self.name])

    def create(self, requests: Mapping[str, Request], name: str = "job-1", uploads: tuple[Upload, ...] = ()) -> str:
        """Hand over a job of these requests."""
        held = {upload.sha256: upload for upload in uploads}
        lines = b"".join(self.batches.line(key, request, held) + b"\n" for key, request in requests.items())
        group = self.batches.group(next(iter(requests.values())))
        return self.batches.create(name, group, io.BytesIO(lines))

    def results(self, job: str, requests: Mapping[str, Request]) -> dict[str, Any]:
        """Collect a job, each key once."""
        found = list(self.batches.results(job, requests.get))
        assert len({key for key, _ in found}) == len(found)
        return dict(found)


@pytest.fixture(params=["openai", "google"])
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    """Each vendor in turn."""
    with SERVERS[request.param](key=KEYS[request.param]) as server:
        made = provider(request.param, base_url=server.base_url)
        yield Vendor(request.param, server, made)
        made.close()


def three(vendor: Vendor) -> dict[str, Request]:
    """Three requests by key."""
    return {f"k-{number}": vendor.request(f"fox {number}") for number in range(3)}


def is_half(cost: Decimal, other: Decimal) -> bool:
    """Say whether one is half of the other; both are rounded up to a millionth."""
    return Decimal(0) <= cost * 2 - other <= Decimal("0.000002") < cost


def failure_of(call: Any) -> ProviderError:
    """Return how a call fails: alone, and without a key."""
    with pytest.raises(ProviderError) as caught:
        call()
    assert caught.value.__cause__ is None
    assert not any(key in f"{caught.value} {caught.value.hint}" for key in KEYS.values())
    return caught.value


def test_a_job_goes_there_and_back(vendor: Vendor) -> None:
    """Each line brings its own picture, at half the price, whatever order the vendor gives them in."""
    requests = three(vendor)
    job = vendor.create(requests)
    status = vendor.batches.status(job)
    assert (status.state, status.total, status.done, status.failed) == (BatchState.COMPLETED, 3, 3, 0)
    results = vendor.results(job, requests)
    assert list(results) == ["k-2", "k-1", "k-0"]
    assert len({reply.data for reply in results.values()}) == 3
    live = vendor.provider.send(requests["k-0"])
    assert is_half(results["k-0"].cost_usd, live.cost_usd)
    assert results["k-0"].usage == live.usage
    assert vendor.results(job, requests) == results
    assert vendor.jobs.billed_keys == {"k-0": 1, "k-1": 1, "k-2": 1}


def test_a_line_is_the_body_that_is_sent_live(vendor: Vendor) -> None:
    """Prompt, parameters and their order are those of the live request; references are named where they were sent."""
    pictures = (reference("ann"), reference("bob", media_type="image/jpg"))
    uploads = {
        digest(picture): Upload(digest(picture), f"id-{n}", f"uri-{n}", "image/png")
        for n, picture in enumerate(pictures)
    }
    for request in (vendor.request(), vendor.request("two", references=pictures)):
        vendor.provider.send(request)
        seen = vendor.server.requests[-1]
        line = json.loads(vendor.batches.line("k", request, uploads))
        if vendor.name == "openai":
            named = line["body"].pop("images", [])
            assert line == {
                "custom_id": "k",
                "method": "POST",
                "url": seen.path,
                "body": seen.json or dict(seen.fields),
            }
            assert named == [{"file_id": f"uri-{n}"} for n in range(len(request.references))]
            continue
        sent = json.loads(json.dumps(seen.json))
        parts = [part for part in sent["contents"][0]["parts"] if "text" in part]
        parts += [{"fileData": {"fileUri": f"uri-{n}", "mimeType": "image/png"}} for n in range(len(seen.files))]
        sent["contents"][0]["parts"] = parts
        assert line == {"key": "k", "request": sent}


def test_references_are_uploaded_and_named(vendor: Vendor) -> None:
    """An upload has the very bytes, ends by itself, and serves any number of lines."""
    picture = reference("ann")
    upload = vendor.batches.upload(picture)
    assert vendor.jobs.content(upload.id) == picture.data
    left = datetime.fromisoformat(upload.expires_at) - datetime.now(UTC)
    assert timedelta(hours=47) < left < timedelta(days=31)
    requests = {f"k-{n}": vendor.request(f"fox {n}", references=(picture,)) for n in range(3)}
    job = vendor.create(requests, uploads=(upload,))
    assert vendor.batches.status(job).done == 3
    assert all(isinstance(result, Reply) for result in vendor.results(job, requests).values())


def test_a_job_is_found_by_its_name_only(vendor: Vendor) -> None:
    """On whatever page of the list it stands; no other one is taken for it."""
    vendor.jobs.page = 2
    ids = [vendor.create(three(vendor), f"job-{number}") for number in range(5)]
    assert [vendor.batches.find(f"job-{number}", AGES_AGO) for number in range(5)] == ids
    assert vendor.batches.find("job", AGES_AGO) is None
    assert vendor.jobs.calls.count("list") > 5


def test_jobs_are_kept_when_the_server_starts_again(vendor: Vendor, tmp_path: Path) -> None:
    """Another process, and a server that was down, know the job and its bill."""
    with SERVERS[vendor.name](key=KEYS[vendor.name], state=tmp_path) as first:
        before = provider(vendor.name, base_url=first.base_url)
        requests = three(vendor)
        job = Vendor(vendor.name, first, before).create(requests)
        before.close()
    with SERVERS[vendor.name](key=KEYS[vendor.name], state=tmp_path) as second:
        after = Vendor(vendor.name, second, provider(vendor.name, base_url=second.base_url))
        assert after.batches.find("job-1", AGES_AGO) == job
        assert after.batches.status(job).state is BatchState.COMPLETED
        assert len(after.results(job, requests)) == 3
        assert after.jobs.billed == {"fox 0": 1, "fox 1": 1, "fox 2": 1}
        after.provider.close()


@pytest.mark.parametrize(
    ("spelt", "state"),
    [
        ("validating", BatchState.QUEUED),
        ("in_progress", BatchState.RUNNING),
        ("cancelling", BatchState.CANCELLING),
        ("completed", BatchState.COMPLETED),
        ("failed", BatchState.FAILED),
        ("expired", BatchState.EXPIRED),
        ("cancelled", BatchState.CANCELLED),
    ],
)
def test_every_state_is_read(vendor: Vendor, spelt: str, state: BatchState) -> None:
    """Each word of the vendor's has its meaning, and a job that runs says until when it may."""
    vendor.jobs.hold = True
    job = vendor.create(three(vendor))
    vendor.jobs.all[job].state = spelt
    status = vendor.batches.status(job)
    assert status.state is state
    assert (status.failure is None) is (state is not BatchState.FAILED)
    assert status.failure is None or "HTTP" not in status.failure.message, "no answer said that"
    if not state.is_over:
        assert datetime.fromisoformat(status.expires_at) > datetime.now(UTC) + timedelta(hours=23)


def test_a_state_nobody_knows_is_one_that_runs(vendor: Vendor) -> None:
    """A new word must neither end a job here nor make it be sent again."""
    vendor.jobs.hold = True
    job = vendor.create(three(vendor))
    word = {"status": "pondering"} if vendor.name == "openai" else {"metadata": {"state": "BATCH_STATE_PONDERING"}}
    vendor.jobs.fails("status", Fault(body={"id": job, **word}))
    assert vendor.batches.status(job).state is BatchState.RUNNING


REFUSED = {"openai": openai_server.moderated(), "google": google_server.error(400, "INVALID_ARGUMENT", "no")}
FULL = {"openai": openai_server.rate_limited(), "google": google_server.per_minute(None)}


def test_lines_fail_in_the_classes_of_live_requests(vendor: Vendor) -> None:
    """Each line by itself; a refusal within a whole reply as well; nothing that failed counts as billed."""
    blocked = google_server.blocked() if vendor.name == "google" else openai_server.moderated()
    vendor.server.when("fox 0", blocked)
    vendor.server.when("fox 1", FULL[vendor.name])
    vendor.server.when("fox 2", google_server.internal() if vendor.name == "google" else openai_server.server_error())
    requests = {**three(vendor), "k-3": vendor.request("fox 3")}
    job = vendor.create(requests)
    assert vendor.batches.status(job).done == (2 if vendor.name == "google" else 1)
    results = vendor.results(job, requests)
    assert [results[f"k-{n}"].failure for n in range(3)] == [
        FailureClass.REFUSED,
        FailureClass.TRANSIENT,
        FailureClass.TRANSIENT,
    ]
    assert results["k-1"].rate_limited
    assert isinstance(results["k-3"], Reply)
    assert not any(results[f"k-{n}"].possibly_billed for n in range(3))
    assert all(results[f"k-{n}"].__traceback__ is None for n in range(3))


def test_a_job_that_succeeded_in_part_is_over(vendor: Vendor) -> None:
    """Google has a state of its own for it; the others come, and the one that failed says why."""
    if vendor.name == "google":
        vendor.server.spoken.partly = True
    vendor.server.when("fox 1", FULL[vendor.name])
    requests = three(vendor)
    job = vendor.create(requests)
    assert vendor.batches.status(job).state is BatchState.COMPLETED
    results = vendor.results(job, requests)
    assert [isinstance(results[f"k-{number}"], Reply) for number in range(3)] == [True, False, True]


def test_a_whole_reply_without_a_picture_is_read_as_when_live(vendor: Vendor) -> None:
    """Status 200 and nothing in it costs what it says it did, at half the price."""
    empty = google_server.finished("STOP", text="no") if vendor.name == "google" else openai_server.no_data()
    vendor.server.when("fox", empty)
    requests = three(vendor)
    results = vendor.results(job := vendor.create(requests), requests)
    live = failure_of(lambda: vendor.provider.send(requests["k-0"]))
    assert vendor.results(job, requests).keys() == results.keys()
    assert results["k-0"].failure is live.failure is FailureClass.TRANSIENT
    assert is_half(results["k-0"].cost_usd, live.cost_usd)


def test_a_job_of_which_all_lines_failed_has_no_file_of_pictures(vendor: Vendor) -> None:
    """It is completed all the same, and each line says why."""
    vendor.server.when("fox", REFUSED[vendor.name])
    requests = three(vendor)
    job = vendor.create(requests)
    status = vendor.batches.status(job)
    assert (status.state, status.done, status.failed) == (BatchState.COMPLETED, 0, 3)
    told = {result.status for result in vendor.results(job, requests).values()}
    assert told == ({400} if vendor.name == "openai" else {None}), "what no vendor said is not made up"


@pytest.mark.parametrize("state", ["expired", "cancelled"])
def test_a_job_that_ended_early_gives_what_was_made(vendor: Vendor, state: str) -> None:
    """The finished part comes with its pictures, the others may be asked for again."""
    vendor.jobs.ends(state, finished=1)
    requests = three(vendor)
    job = vendor.create(requests)
    assert vendor.batches.status(job).state is BatchState(state)
    results = vendor.results(job, requests)
    assert isinstance(results["k-0"], Reply)
    for key in ("k-1", "k-2"):
        assert (results[key].failure, results[key].possibly_billed) == (FailureClass.TRANSIENT, False)


def test_a_job_without_any_file_of_results_yields_nothing(vendor: Vendor) -> None:
    """As one that expired at Google does."""
    vendor.jobs.ends("expired", finished=0, output=False)
    requests = three(vendor)
    job = vendor.create(requests)
    assert vendor.batches.status(job).state is BatchState.EXPIRED
    assert vendor.results(job, requests) == {}


def test_lines_of_keys_nobody_asked_for_are_passed_over(vendor: Vendor) -> None:
    """They are no reason to lose the others."""
    requests = three(vendor)
    job = vendor.create(requests)
    vendor.batches.status(job)
    assert list(vendor.results(job, {"k-1": requests["k-1"]})) == ["k-1"]


def test_a_line_that_cannot_be_read_may_have_been_billed(vendor: Vendor) -> None:
    """The image it is of is known by its key; the lines around it are whole."""
    requests = three(vendor)
    job = vendor.create(requests)
    vendor.batches.status(job)
    key = b"custom_id" if vendor.name == "openai" else b"key"
    vendor.jobs.fails("content", Fault(body=b'{"' + key + b'": "k-1", "resp\xff\xfe\n\n{}\nx\n', content_type="x/y"))
    found = list(vendor.batches.results(job, requests.get))
    [(found_key, failure), *rest] = found[:1] if vendor.name == "google" else [one for one in found if one[0] == "k-1"]
    assert not rest
    assert (found_key, failure.failure, failure.possibly_billed) == ("k-1", FailureClass.AMBIGUOUS, True)


def test_a_download_that_breaks_can_be_taken_up_again(vendor: Vendor) -> None:
    """What came until then is there; the rest comes the next time, and none of it is thought lost."""
    requests = three(vendor)
    job = vendor.create(requests)
    vendor.batches.status(job)
    vendor.jobs.fails("content", loopback.cut_mid_body())
    found: list[str] = []

    def collect() -> None:
        for key, _ in vendor.batches.results(job, requests.get):
            found.append(key)

    failure = failure_of(collect)
    assert (failure.failure, failure.possibly_billed) == (FailureClass.TRANSIENT, False)
    assert found == ["k-2"]
    collect()
    assert found == ["k-2", "k-2", "k-1", "k-0"]


def test_an_upload_that_is_cut_off_makes_no_job(vendor: Vendor) -> None:
    """There is no doubt: nothing was made, so nothing was billed, and it is sent again."""
    vendor.jobs.fails("cut upload", Fault())
    failure = failure_of(lambda: vendor.create(three(vendor)))
    assert (failure.failure, failure.in_transit, failure.possibly_billed) == (FailureClass.TRANSIENT, False, False)
    assert vendor.jobs.live == []
    assert vendor.create(three(vendor))


@pytest.mark.parametrize(
    "answer",
    [
        loopback.cut_before_headers(),
        loopback.cut_mid_body(),
        loopback.garbage(),
        loopback.html(502),
        loopback.empty(503),
        Fault(504, {"error": {"message": "late", "code": 504, "status": "DEADLINE_EXCEEDED"}}),
        Fault(500, {"error": {"message": "oh", "code": 500, "status": "INTERNAL"}}),
        Fault(408, {"error": {"message": "slow", "code": 408}}),
        Fault(body={}),
    ],
)
def test_a_create_whose_answer_is_lost_leaves_a_doubt(vendor: Vendor, answer: Fault) -> None:
    """It was sent once, there may be a job, and there is one: found by its name."""
    vendor.jobs.fails("create", answer, after=True)
    failure = failure_of(lambda: vendor.create(three(vendor), "job-7"))
    assert failure.in_transit
    assert vendor.jobs.calls.count("create") == 1
    [job] = vendor.jobs.live
    assert vendor.batches.find("job-7", AGES_AGO) == job.id


def test_a_create_that_is_refused_leaves_none(vendor: Vendor) -> None:
    """An account that may not, and a limit that is reached: no job, and which of them it was."""
    stop = google_server.error(400, "FAILED_PRECONDITION", "Batch is not supported in the free tier.")
    if vendor.name == "openai":
        stop = openai_server.error(400, "Billing hard limit has been reached", "invalid", "billing_hard_limit_reached")
    for answer, expected in ((FULL[vendor.name], FailureClass.TRANSIENT), (stop, FailureClass.PROVIDER_STOP)):
        vendor.jobs.fails("create", answer)
        failure = failure_of(lambda: vendor.create(three(vendor)))
        assert (failure.failure, failure.in_transit) == (expected, False)
        assert failure.rate_limited is (expected is FailureClass.TRANSIENT)
    assert vendor.jobs.live == []


def test_no_room_for_more_lines_is_a_limit_that_passes(vendor: Vendor) -> None:
    """OpenAI says so of a job that it took, Google at once: either way the lines may go into a later one."""
    vendor.jobs.room, vendor.jobs.hold = 4, True
    vendor.create(three(vendor), "first")
    vendor.jobs.hold = vendor.name == "google"
    try:
        failure = vendor.batches.status(vendor.create(three(vendor), "second")).failure
    except ProviderError as raised:
        failure = raised
    assert (failure.failure, failure.rate_limited) == (FailureClass.TRANSIENT, True)
    assert not failure.in_transit
    assert not failure.possibly_billed


def test_asking_costs_nothing_and_says_so(vendor: Vendor) -> None:
    """Whatever goes wrong while looking, finding, fetching: it may be tried again, and is no bill."""
    requests = three(vendor)
    job = vendor.create(requests)
    for answer in (loopback.cut_before_headers(), loopback.html(502), loopback.empty(503)):
        for operation, call in (
            ("status", lambda: vendor.batches.status(job)),
            ("list", lambda: vendor.batches.find("job-1", AGES_AGO)),
            ("content", lambda: list(vendor.batches.results(job, requests.get))),
        ):
            vendor.jobs.fails(operation, answer)
            failure = failure_of(call)
            assert (failure.failure, failure.possibly_billed) == (FailureClass.TRANSIENT, False), (operation, answer)


def test_a_job_that_is_gone_is_told(vendor: Vendor) -> None:
    """Asked for later than the vendor keeps it."""
    job = vendor.create(three(vendor))
    vendor.jobs.lose_jobs()
    failure = failure_of(lambda: vendor.batches.status(job))
    assert (failure.failure, failure.status) == (FailureClass.INVALID, 404)
    assert vendor.batches.find("job-1", AGES_AGO) is None


def test_a_wrong_key_is_a_stop(vendor: Vendor) -> None:
    """In every call, as when live; the key stands in no message."""
    vendor.server.key = "another"
    requests = three(vendor)
    for call in (
        lambda: vendor.create(requests),
        lambda: vendor.batches.status("batches/b1"),
        lambda: vendor.batches.find("job", AGES_AGO),
        lambda: vendor.batches.upload(reference("ann")),
    ):
        assert failure_of(call).failure is FailureClass.PROVIDER_STOP


def test_cancelling(vendor: Vendor) -> None:
    """A job that runs is cancelled; one that has ended needs no cancelling and says nothing."""
    vendor.jobs.hold = True
    job = vendor.create(three(vendor))
    vendor.batches.cancel(job)
    assert vendor.batches.status(job).state is BatchState.CANCELLING
    vendor.jobs.hold = False
    assert vendor.batches.status(job).state is BatchState.CANCELLED
    vendor.batches.cancel(job)
    vendor.jobs.lose_jobs()
    assert failure_of(lambda: vendor.batches.cancel(job)).status == 404


def test_what_is_collected_is_cleaned_up(vendor: Vendor) -> None:
    """The file of lines, those of results and the references; what is gone already is no failure."""
    picture = reference("ann")
    upload = vendor.batches.upload(picture)
    other = vendor.batches.upload(reference("bob"))
    requests = {"k": vendor.request(references=(picture,))}
    job = vendor.create(requests, "job-1", (upload,))
    vendor.create(requests, "job-2", (upload,))
    vendor.batches.status(job)
    for _ in range(2):
        vendor.batches.discard("job-1", job, (upload,))
        assert sorted(file.title for file in vendor.jobs.files.values() if file.id != other.id) == (
            ["job-2.jsonl"] if vendor.name == "openai" else ["job-2"]
        )
    assert other.id in vendor.jobs.files
    vendor.jobs.lose_jobs()
    vendor.batches.discard("job-2", job, (other,))
    assert not vendor.jobs.files


def test_the_file_of_a_job_never_made_is_cleaned_up_by_name(vendor: Vendor) -> None:
    """Its name is all that is known of it."""
    vendor.jobs.fails("create", FULL[vendor.name])
    failure_of(lambda: vendor.create(three(vendor), "job-3"))
    vendor.create(three(vendor), "job-4")
    vendor.batches.discard("job-3", None, ())
    assert [file.title.removesuffix(".jsonl") for file in vendor.jobs.files.values()] == ["job-4"]


def test_tokens_are_counted_on_the_high_side(vendor: Vendor) -> None:
    """More for a longer prompt and for every reference; at Google the picture counts as well."""
    bare = vendor.batches.tokens(vendor.request("x" * 400))
    assert bare >= 100 + (1120 if vendor.name == "google" else 0)
    assert vendor.batches.tokens(vendor.request("x" * 400, references=(reference("ann"),))) > bare + 500
    unknown = replace(vendor.request("x" * 400), model="m")
    assert vendor.batches.tokens(unknown) >= 100


def test_a_file_that_ends_amid_a_line_is_fetched_again(vendor: Vendor) -> None:
    """A download may break without anybody noticing; what is missing is not lost yet."""
    requests = three(vendor)
    job = vendor.create(requests)
    vendor.batches.status(job)
    key = b"custom_id" if vendor.name == "openai" else b"key"
    vendor.jobs.fails("content", Fault(body=b'{"' + key + b'": "k-1", "resp', content_type="x/y"))
    failure = failure_of(lambda: vendor.results(job, requests))
    assert (failure.failure, failure.possibly_billed) == (FailureClass.TRANSIENT, False)
    assert len(vendor.results(job, requests)) == 3


def test_a_line_that_says_504_was_not_billed(vendor: Vendor) -> None:
    """Live it may have been, by a server in between; in a file of results the vendor itself says what it made."""
    late = google_server.deadline() if vendor.name == "google" else openai_server.server_error(504)
    vendor.server.when("fox", late, times=3)
    requests = three(vendor)
    job = vendor.create(requests)
    vendor.batches.status(job)
    found = vendor.results(job, requests).values()
    assert {(result.failure, result.possibly_billed) for result in found} == {(FailureClass.TRANSIENT, False)}


def test_a_download_may_take_longer_than_any_of_its_waits(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seconds are those without a byte: results of hundreds of megabytes take many minutes."""
    monkeypatch.setattr(f"chargen.providers.{vendor.name}.batches.CALL_SECONDS", 0.6)
    requests = three(vendor)
    job = vendor.create(requests)
    vendor.batches.status(job)
    vendor.jobs.watch = lambda operation, _: time.sleep(0.3 if operation == "line" else 0.0)
    assert len(vendor.results(job, requests)) == 3


@pytest.fixture
def openai() -> Iterator[Vendor]:
    """OpenAI alone."""
    with OpenAIServer(key=OPENAI_KEY) as server:
        made = provider("openai", base_url=server.base_url)
        yield Vendor("openai", server, made)
        made.close()


def test_a_file_that_openai_does_not_know_yet_is_waited_for(openai: Vendor) -> None:
    """Right after the upload it may say so; the refused creates made nothing, and a lasting no is told."""
    waited: list[float] = []
    batches = OpenAIBatches(openai.provider, waited.append)
    request = openai.request()
    line = batches.line("k", request, {})
    no = openai_server.error(400, "Cannot find file file-1, or project does not have access.", "invalid_request_error")
    openai.jobs.fails("create", no, times=2)
    assert batches.create("job-1", batches.group(request), io.BytesIO(line)) == openai.jobs.live[0].id
    assert waited == [0.5, 1.0]
    openai.jobs.fails("create", no, times=99)
    assert not failure_of(lambda: batches.create("job-2", batches.group(request), io.BytesIO(line))).in_transit
    assert openai.jobs.calls.count("create") == 3 + 5


def test_the_list_of_openai_is_read_down_to_the_jobs_beginning(openai: Vendor) -> None:
    """Older jobs can't be it; a clock that is some minutes wrong is borne."""
    openai.jobs.page = 1
    ids = [openai.create(three(openai), f"job-{number}") for number in range(4)]
    for number, job in enumerate(openai.jobs.live):
        job.created -= 3600 * (6 - 2 * number)
    now = datetime.now(UTC).isoformat()
    assert openai.batches.find("job-0", now) is None
    assert openai.jobs.calls.count("list") == 2  # of the last hour, and the first that is older
    three_hours = (datetime.now(UTC) - timedelta(hours=3, minutes=30)).isoformat()
    assert openai.batches.find("job-1", three_hours) == ids[1]


def test_a_line_of_openai_with_status_0_was_not_answered(openai: Vendor) -> None:
    """Seen in the wild, counted as completed: it may be asked for again, and was not billed."""
    requests = three(openai)
    job = openai.create(requests)
    openai.batches.status(job)
    body = b'{"custom_id": "k-1", "response": {"status_code": 0, "body": {}}, "error": null}\n'
    openai.jobs.fails("content", Fault(body=body, content_type="x/y"))
    failure = openai.results(job, requests)["k-1"]
    assert (failure.failure, failure.possibly_billed) == (FailureClass.TRANSIENT, False)
