"""Images handed over as jobs, in process, with a vendor that is made up: what waits, what comes, what is charged."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.batch_vendor import PRICE
from support.shop import BATCH, MODEL, Shop
from support.studio import ENVIRON

from chargen.actions.plan import shown_plan
from chargen.build import batch_results
from chargen.cli.plan_listing import batched_lines
from chargen.cli.run_summary import opening
from chargen.images.png import embedded_record
from chargen.model.batches import BatchState
from chargen.model.request import FailureClass, Mode, ProviderError
from chargen.model.values import EntryId, Status
from chargen.plan.build_request import BuildRequest, prepare
from chargen.plan.session import open_session
from chargen.providers import is_proof
from chargen.store.spending import sum_of


def test_images_go_into_one_job_wait_and_are_published(shop: Shop) -> None:
    """One job of all; nothing more is sent while it waits; what comes is stored, published and written back."""
    file = shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    assert shop.run_build() == 0
    assert shop.vendor.prompts == ["A lamp.", "A door."]
    assert shop.verdicts() == {"chapters/ch01/a": "waiting", "chapters/ch01/b": "waiting"}
    assert "in the job `chargen-" in shop.reasons("chapters/ch01/a")
    assert shop.run_build() == 0
    assert len(shop.vendor.jobs) == 1
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert shop.verdicts() == {"chapters/ch01/a": "fresh", "chapters/ch01/b": "fresh"}
    assert len(shop.records(file)) == 2
    assert [record["cost_usd"] for record in shop.stored()] == ["0.02", "0.02"]
    assert not list(shop.root.glob(".chargen/jobs/*"))
    assert shop.run_build() == 0
    assert len(shop.vendor.prompts) == 2


@pytest.mark.parametrize(("hours", "uploaded"), [(None, 1), (30, 1), (20, 2)])
def test_a_reference_that_a_waiting_job_brought_serves_the_next(shop: Shop, hours: int | None, uploaded: int) -> None:
    """It is known by its hash, unless it may be gone before that job is done; it goes with the last that names it."""
    if hours is not None:
        shop.vendor.uploads_end = (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")
    shop.character("mara", "Mara, a face.")
    cast = "characters: [{slug: mara, reference_images: [mara-portrait]}]"
    shown = {"entry": "depicts_characters: [mara]", "extra": cast}
    first = shop.chapter("ch01", {"a": "Mara at the door."}, **shown)
    assert shop.run_build() == 0
    second = shop.chapter("ch02", {"b": "Mara on the stairs."}, **shown)
    assert shop.run_build() == 0
    assert len(shop.vendor.jobs) == 2
    assert shop.vendor.uploaded == uploaded
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert len(shop.records(first) + shop.records(second)) == 2
    assert shop.vendor.uploads == {}


def test_portraits_go_first(shop: Shop) -> None:
    """Whose reference is in a job waits, also in the run that makes the job; it goes into the next one."""
    shop.character("mara", "Mara, a face.", route=MODEL)
    shop.chapter(
        "ch01",
        {"a": "A lamp.", "b": "Mara at the door."},
        extra="characters: [{slug: mara, reference_images: [mara-portrait]}]",
    )
    shop.edit(
        "imagery/chapters/ch01/imagery.yaml",
        '    prompt_used: "Mara at the door."',
        '    prompt_used: "Mara at the door."\n    depicts_characters: [mara]',
    )
    assert shop.run_build() == 0
    assert sorted(shop.vendor.prompts) == ["A lamp.", "Mara, a face."]
    assert shop.verdicts()["chapters/ch01/b"] == "waiting"
    assert "is in a job" in shop.reasons("chapters/ch01/b")
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert shop.vendor.uploaded == 1
    (line,) = shop.vendor.jobs[-1].lines.values()
    assert line["references"] == ["file-1"]
    assert line["prompt"].startswith("Mara at the door.")
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert set(shop.verdicts().values()) == {"fresh"}
    assert shop.vendor.uploads == {}


# what can become of a job


def test_a_line_that_is_refused_is_not_sent_again_and_one_at_fault_not_by_the_same_run(shop: Shop) -> None:
    """The others of the job come; what was refused is blocked, what failed by itself is told once, then tried again."""
    shop.chapter("ch01", {"a": "A lamp.", "b": "A bad word.", "c": "A door too large."})
    shop.vendor.line_failures = {
        "bad": ProviderError(FailureClass.REFUSED, "not this"),
        "large": ProviderError(FailureClass.INVALID, "too large"),
    }
    assert shop.run_build() == 0
    shop.vendor.finish()
    assert shop.run_build() == 1
    assert shop.last.failed[EntryId("chapters/ch01/c")].message == "too large"
    verdicts = shop.verdicts()
    assert verdicts == {"chapters/ch01/a": "fresh", "chapters/ch01/b": "blocked", "chapters/ch01/c": "missing"}
    assert len(shop.vendor.jobs) == 1
    shop.run_build()
    assert shop.vendor.prompts[3:] == ["A door too large."]


@pytest.mark.parametrize("state", [BatchState.EXPIRED, BatchState.CANCELLED, BatchState.COMPLETED])
def test_the_finished_part_of_a_job_that_ended_is_fetched(shop: Shop, state: BatchState) -> None:
    """What an expired or cancelled job has not made goes into a new one; what a completed one lacks may be billed."""
    shop.chapter("ch01", {"a": "A lamp.", "b": "A late door."})
    shop.run_build()
    shop.vendor.finish(state, but="late")
    assert shop.run_build() == (1 if state is BatchState.COMPLETED else 0)
    assert len(shop.stored()) == 1
    again = [] if state is BatchState.COMPLETED else ["A late door."]
    assert shop.vendor.prompts[2:] == again
    doubtful = [attempt for attempt in shop.attempts() if attempt.in_doubt]
    assert len(doubtful) == (state is BatchState.COMPLETED)


def test_a_job_that_failed_as_a_whole_costs_nothing(shop: Shop) -> None:
    """Its images fail with the vendor's words; where it had no room they go into the next job."""
    shop.chapter("ch01", {"a": "A lamp."})
    shop.run_build()
    shop.vendor.jobs[0].state = BatchState.FAILED
    shop.vendor.jobs[0].failure = ProviderError(FailureClass.INVALID, "this model makes no jobs")
    assert shop.run_build() == 1
    assert "this model makes no jobs" in shop.last.failed[EntryId("chapters/ch01/a")].message
    shop.run_build()
    shop.vendor.jobs[1].state = BatchState.FAILED
    shop.vendor.jobs[1].failure = ProviderError(FailureClass.TRANSIENT, "no room", rate_limited=True)
    assert shop.run_build() == 0
    assert len(shop.vendor.jobs) == 3
    assert not any(attempt.in_doubt for attempt in shop.attempts())


def test_a_job_that_failed_half_way_may_have_been_billed(shop: Shop) -> None:
    shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    shop.run_build()
    shop.vendor.jobs[0].state = BatchState.FAILED
    shop.vendor.jobs[0].failure = ProviderError(FailureClass.INVALID, "stopped")
    shop.vendor.jobs[0].made = [next(iter(shop.vendor.jobs[0].lines))]
    assert shop.run_build() == 1
    assert all(attempt.in_doubt for attempt in shop.attempts())


def test_a_limit_that_is_waited_for_does_not_shorten_the_look_for_a_lost_job(shop: Shop) -> None:
    """What counts for a list that may be late is when the last try began."""
    shop.chapter("ch01", {"a": "A lamp."})
    lost = ProviderError(FailureClass.AMBIGUOUS, "no reply in time", possibly_billed=True)
    lost.in_transit = True
    shop.vendor.refusals = [ProviderError(FailureClass.TRANSIENT, "slower", wait=0.05, rate_limited=True)]
    shop.vendor.refusal, shop.vendor.loses_answers, shop.vendor.unlisted = lost, True, True
    before = datetime.now(UTC)
    shop.run_build()
    with open_session(shop.root, ENVIRON, read_only=True) as session:
        [job] = session.batch_jobs.all()
    assert datetime.fromisoformat(job.creating_at) - before >= timedelta(seconds=0.05)


def test_a_job_that_the_vendor_takes_not_is_not_there(shop: Shop) -> None:
    """An account that may not: the images fail. No room: they are left for later. Either way nothing waits."""
    shop.chapter("ch01", {"a": "A lamp."})
    shop.vendor.refusal = ProviderError(FailureClass.PROVIDER_STOP, "not on the free tier")
    assert shop.run_build() == 1
    assert "free tier" in shop.last.failed[EntryId("chapters/ch01/a")].message
    assert shop.verdicts() == {"chapters/ch01/a": "missing"}
    shop.vendor.refusal = ProviderError(FailureClass.TRANSIENT, "too much queued", rate_limited=True)
    assert shop.run_build() == 0
    assert "too much queued" in shop.last.left_out[0].reason
    assert shop.verdicts() == {"chapters/ch01/a": "missing"}
    shop.vendor.refusal = None
    assert shop.run_build() == 0
    assert shop.verdicts() == {"chapters/ch01/a": "waiting"}
    assert len(shop.vendor.jobs) == 1


def test_an_answer_that_was_lost_is_looked_for_by_name(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the list has the job it goes on; where it has none for a while, the job is given up, possibly billed."""
    shop.chapter("ch01", {"a": "A lamp."})
    shop.vendor.refusal = ProviderError(FailureClass.AMBIGUOUS, "cut")
    shop.vendor.refusal.in_transit = True
    shop.vendor.loses_answers = True
    assert shop.run_build() == 0
    assert shop.verdicts() == {"chapters/ch01/a": "waiting"}
    assert len(shop.vendor.jobs) == 1
    shop.vendor.finish()
    shop.run_build()
    shop.chapter("ch02", {"b": "A door."})
    shop.vendor.loses_answers = False
    assert shop.run_build() == 0
    assert shop.verdicts()["chapters/ch02/b"] == "waiting"
    shop.vendor.refusal = None
    shop.run_build()
    assert len(shop.vendor.jobs) == 1, "the list may lag"
    monkeypatch.setattr(batch_results, "LIST_LAG", timedelta(0))
    shop.run_build()
    assert len(shop.vendor.jobs) == 2
    assert [attempt.task_id for attempt in shop.attempts() if attempt.in_doubt] == ["chapters/ch02/b"]


def test_a_download_that_breaks_goes_on_where_it_was(shop: Shop) -> None:
    """What came is stored and published; what did not come is still waiting, and asked for again."""
    shop.chapter("ch01", {"a": "A lamp.", "b": "A door.", "c": "A tree."})
    shop.run_build()
    shop.vendor.finish()
    shop.vendor.breaks_after = 1
    assert shop.run_build() == 0
    assert sorted(shop.verdicts().values()) == ["fresh", "waiting", "waiting"]
    shop.vendor.breaks_after = None
    shop.run_build()
    assert set(shop.verdicts().values()) == {"fresh"}
    assert len(shop.stored()) == 3


CALLS = ("upload", "create", "created", "find", "status", "results", "result", "discard")


@pytest.mark.parametrize("call", CALLS)
def test_whatever_call_a_run_dies_in_nothing_is_bought_twice(
    shop: Shop, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each image is in one job that was made, and its picture comes."""
    monkeypatch.setattr(batch_results, "LIST_LAG", timedelta(0))
    shop.character("mara", "Mara, a face.", route=MODEL)
    shop.run_build()
    shop.vendor.finish()
    shop.run_build()
    shop.chapter(
        "ch01",
        {"a": "A lamp.", "b": "A door."},
        extra="characters: [{slug: mara, reference_images: [mara-portrait]}]",
        entry="depicts_characters: [mara]",
    )
    if call == "find":
        shop.vendor.refusal = ProviderError(FailureClass.AMBIGUOUS, "cut")
        shop.vendor.refusal.in_transit = True
        shop.vendor.loses_answers = True
    shop.vendor.dies_at = call
    for _ in range(4):
        try:
            shop.run_build()
        except KeyboardInterrupt:
            assert not shop.vendor.dies_at
        shop.vendor.refusal = None
        shop.vendor.finish()
    assert not shop.vendor.dies_at, "it was never met"
    assert len(shop.vendor.prompts) == 3
    assert set(shop.verdicts().values()) == {"fresh"}
    assert len(shop.stored()) == 3
    in_doubt = [attempt for attempt in shop.attempts() if attempt.in_doubt]
    assert len(in_doubt) == (2 if call == "create" else 0)  # whether the request had left nobody can know


# what the author does meanwhile


def test_words_that_change_meanwhile_buy_nothing_until_the_job_is_collected(shop: Shop) -> None:
    """Still waiting; then what was sent is a version, and the image is stale."""
    file = shop.chapter("ch01", {"a": "A lamp."})
    shop.run_build()
    shop.edit(file, "A lamp.", "A candle.")
    assert shop.verdicts() == {"chapters/ch01/a": "waiting"}
    assert "will be stale" in shop.reasons("chapters/ch01/a")
    shop.run_build()
    assert shop.vendor.prompts == ["A lamp."]
    shop.vendor.finish()
    shop.run_build()
    assert shop.vendor.prompts == ["A lamp.", "A candle."]
    assert [record["prompt"] for record in shop.stored()] == ["A lamp."]


def test_rebuild_by_name_sends_beside_a_job(shop: Shop) -> None:
    """Only that does."""
    shop.chapter("ch01", {"a": "A lamp."})
    shop.run_build()
    shop.run_build(rebuild=("chapters/ch01/a",))
    assert shop.vendor.prompts == ["A lamp.", "A lamp."]


def test_a_renamed_entry_waits_and_gets_its_picture(shop: Shop) -> None:
    """By its inputs while it had none."""
    file = shop.chapter("ch01", {"a": "A lamp."})
    shop.run_build()
    shop.edit(file, '"a"', '"z"')
    assert shop.verdicts() == {"chapters/ch01/z": "waiting"}
    shop.vendor.finish()
    shop.run_build()
    assert shop.verdicts() == {"chapters/ch01/z": "fresh"}
    assert len(shop.vendor.jobs) == 1


@pytest.mark.parametrize("made", [False, True])
def test_entries_that_swap_ids_while_their_job_runs_get_their_own_pictures(shop: Shop, made: bool) -> None:
    """New ones by what they ask for, those that had pictures by the attempt that these replace."""
    file = shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    if made:
        shop.run_build()
        shop.vendor.finish()
        shop.run_build()
        shop.edit(file, "A lamp.", "A lantern.")
        shop.edit(file, "A door.", "A gate.")
    shop.run_build()
    shop.edit(file, '"a"', '"x"')
    shop.edit(file, '"b"', '"a"')
    shop.edit(file, '"x"', '"b"')
    assert set(shop.verdicts().values()) <= {"waiting", "restorable"}
    shop.vendor.finish()
    shop.run_build()
    shop.run_build()
    assert shop.verdicts() == {"chapters/ch01/a": "fresh", "chapters/ch01/b": "fresh"}
    assert len(shop.vendor.jobs) == 1 + made
    for name, prompt in (("a", "A gate." if made else "A door."), ("b", "A lantern." if made else "A lamp.")):
        embedded = embedded_record(shop.image(f"chapters/ch01/{name}").read_bytes())
        assert embedded is not None
        assert embedded.record["prompt"] == prompt


def test_a_deleted_entrys_reply_is_kept_among_the_gone(shop: Shop) -> None:
    """Nothing that was paid for is lost."""
    shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    shop.run_build()
    shop.chapter("ch01", {"b": "A door."})
    shop.vendor.finish()
    shop.run_build()
    assert shop.verdicts() == {"chapters/ch01/b": "fresh"}
    assert sorted(record["prompt"] for record in shop.stored()) == ["A door.", "A lamp."]


def test_an_image_approved_meanwhile_keeps_its_picture(shop: Shop) -> None:
    """What comes is a version."""
    file = shop.chapter("ch01", {"a": "A lamp."})
    shop.run_build()
    shop.vendor.finish()
    shop.run_build()
    before = shop.hash("chapters/ch01/a")
    shop.edit(file, "A lamp.", "A candle.")
    shop.run_build()
    shop.status("chapters/ch01/a", Status.APPROVED)
    shop.vendor.finish()
    shop.run_build()
    assert shop.hash("chapters/ch01/a") == before
    assert len(shop.stored()) == 2
    assert len(shop.vendor.jobs) == 2


# money, and what is kept


def test_a_budget_holds_for_jobs(shop: Shop) -> None:
    """What does not fit is left out; a month's budget counts what waits."""
    shop.chapter("ch01", {"a": "A lamp.", "b": "A door.", "c": "A tree."})
    plan = shop.plan()
    most = plan.images[0].most_usd
    assert most is not None
    shop.run_build(budget=most * 2 - Decimal("0.000001"))
    assert shop.vendor.prompts == ["A lamp."]
    assert [item.image.id for item in shop.last.left_out] == ["chapters/ch01/b", "chapters/ch01/c"]
    shop.settings(f"{BATCH}[tool.chargen.budget]\nmonth = {most * 2}\n")
    shop.run_build()
    assert shop.vendor.prompts == ["A lamp.", "A door."]
    shop.vendor.price = most / 10
    shop.vendor.finish()
    shop.run_build()  # what came cost less than was set aside
    assert shop.vendor.prompts == ["A lamp.", "A door.", "A tree."]


def test_a_job_costs_half_in_the_plan(shop: Shop) -> None:
    """By the setting, and by `--mode`, in both directions."""
    shop.chapter("ch01", {"a": "A lamp."})
    with open_session(shop.root, ENVIRON, read_only=True) as session:
        batched = prepare(session, BuildRequest()).choice.images[0]
        live = prepare(session, BuildRequest(mode=Mode.LIVE)).choice.images[0]
    assert batched.cost_usd is not None
    assert live.cost_usd is not None
    assert abs(2 * batched.cost_usd - live.cost_usd) <= Decimal("0.000002")
    assert batched.batched is not None
    assert batched.batched.live_usd == live.cost_usd
    assert live.batched is None


def test_a_lost_journal_loses_no_job(shop: Shop) -> None:
    """Its rows are made again; what comes is counted in the run and at the time it was handed over."""
    shop.chapter("ch01", {"a": "A lamp."})
    shop.run_build()
    (before,) = shop.attempts()
    for path in shop.root.glob(".chargen/journal*"):
        path.unlink()
    shop.vendor.finish()
    shop.run_build()
    (after,) = shop.attempts()
    assert (after.attempt_id, after.run_id, after.cost_usd) == (before.attempt_id, before.run_id, PRICE)
    assert after.sent_at[:19] == before.sent_at[:19]


def test_the_plan_names_both_prices_and_the_models_that_take_no_jobs(shop: Shop) -> None:
    """How many jobs, what they cost instead of what; who is sent live."""
    shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    shop.chapter("ch02", {"c": "A tree."}, route="openai/gpt-image-2.6-flare")
    with open_session(shop.root, ENVIRON, read_only=True) as session:
        chosen = prepare(session, BuildRequest())
        shown = shown_plan(chosen, session, whole=True)
    lines = list(batched_lines(chosen.choice.images))
    assert len(lines) == 1
    assert re.fullmatch(r"2 in 1 job: ~?\$[0-9.]+ instead of ~?\$[0-9.]+, within a day", lines[0]), lines
    told = [finding.problem.message for finding in shown.findings]
    assert "`openai/gpt-image-2.6-flare` is not known to take jobs: it is sent live, at the full price" in told
    assert not any("2.5-flare` is not known" in message for message in told)


def test_variants_are_sent_live_and_the_plan_says_so(shop: Shop) -> None:
    """A job makes the first picture; what is made beside it costs the full price, which is told before it is paid."""
    file = shop.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="variants: 2")

    def told() -> list[str]:
        with open_session(shop.root, ENVIRON, read_only=True) as session:
            shown = shown_plan(prepare(session, BuildRequest()), session, whole=True)
        return [finding.problem.message for finding in shown.findings]

    later = "a job makes the first picture alone: 1 more to be made live, at the full price, after it"
    assert told() == [later]
    shop.run_build()
    assert shop.vendor.live == []
    shop.vendor.finish()
    shop.run_build()
    assert shop.vendor.live == ["A lamp.", "A door."]
    assert told() == []
    shop.edit(file, "variants: 2", "variants: 3")
    assert told() == ["more variants are sent live, at the full price: a job makes the first picture alone"]
    shop.run_build()
    assert shop.vendor.live[2:] == ["A lamp."]


def test_what_was_asked_for_by_name_takes_its_place(shop: Shop) -> None:
    """Over a fresh image, and over one that was approved then; also where the run that collected it died."""
    shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    for _ in range(2):
        shop.run_build()
        shop.vendor.finish()
    shop.run_build()
    shop.status("chapters/ch01/b", Status.APPROVED)
    before = {name: shop.hash(f"chapters/ch01/{name}") for name in "ab"}
    shop.run_build(rebuild=("chapters/ch01/a", "chapters/ch01/b"))
    assert len(shop.vendor.jobs[-1].lines) == 2
    shop.vendor.finish()
    shop.vendor.dies_at = "discard"
    with pytest.raises(KeyboardInterrupt):
        shop.run_build()
    shop.run_build()
    assert {name: shop.hash(f"chapters/ch01/{name}") for name in "ab"}.items().isdisjoint(before.items())
    assert shop.verdicts() == {"chapters/ch01/a": "fresh", "chapters/ch01/b": "locked"}
    assert not list(shop.root.glob(".chargen/jobs/*"))
    shop.run_build()
    assert len(shop.vendor.jobs) == 2
    assert len(shop.stored()) == 4


@pytest.mark.parametrize("deed", ["approve", "paint"])
def test_what_was_asked_for_by_name_does_not_replace_what_the_author_decided_since(shop: Shop, deed: str) -> None:
    """Approved or painted over meanwhile: the picture stays, what came is a version."""
    shop.chapter("ch01", {"a": "A lamp."})
    shop.run_build()
    shop.vendor.finish()
    shop.run_build()
    shop.run_build(rebuild=("chapters/ch01/a",))
    if deed == "approve":
        shop.status("chapters/ch01/a", Status.APPROVED)
    else:
        shop.paint("chapters/ch01/a")
    before = shop.hash("chapters/ch01/a")
    shop.vendor.finish()
    shop.run_build()
    assert shop.hash("chapters/ch01/a") == before
    assert len(shop.stored()) == 2


def test_a_vendor_without_room_gets_smaller_jobs(shop: Shop) -> None:
    """Half as many lines each time it refuses; as many as it takes once it has done one."""
    shop.chapter("ch01", {name: f"A {name}." for name in "abcd"})
    shop.run_build()
    full = ProviderError(FailureClass.TRANSIENT, "token limit", rate_limited=True)
    shop.vendor.jobs[0].state, shop.vendor.jobs[0].failure = BatchState.FAILED, full
    shop.run_build()
    assert [len(job.lines) for job in shop.vendor.jobs] == [4, 2, 2]
    shop.vendor.jobs[2].state, shop.vendor.jobs[2].failure = BatchState.FAILED, full
    shop.run_build()
    assert [len(job.lines) for job in shop.vendor.jobs] == [4, 2, 2, 1, 1]
    shop.vendor.finish()
    shop.run_build()
    assert set(shop.verdicts().values()) == {"fresh"}
    shop.chapter("ch02", {name: f"B {name}." for name in "abc"})
    shop.run_build()
    assert len(shop.vendor.jobs[-1].lines) == 3


# what is paid, and told of it


def charged() -> ProviderError:
    return ProviderError(FailureClass.TRANSIENT, "no image in it", tries=2, cost_usd=Decimal("0.02"))


def test_a_line_that_is_charged_without_an_image_is_sent_once_more_and_then_asked_about(shop: Shop) -> None:
    """Each run that collects one tells its cost; by name it is asked for again, and its picture ends the matter."""
    shop.chapter("ch01", {"a": "A lamp."})
    shop.vendor.line_failures = {"lamp": charged()}
    shop.run_build()
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert [failure.cost_usd for failure in shop.last.collected.failures] == [Decimal("0.02")]
    assert shop.result().to_json()["collected"]["failures_usd"] == 0.02
    shop.vendor.finish()
    for _ in range(3):
        assert shop.run_build() == 1
    assert shop.verdicts() == {"chapters/ch01/a": "blocked"}
    why = shop.reasons("chapters/ch01/a")
    assert "2 requests with the same inputs were charged" in why
    assert "$0.04 was paid" in why
    assert "`doit --rebuild chapters/ch01/a` asks again" in why
    assert len(shop.vendor.prompts) == 2
    shop.vendor.line_failures = {}
    assert shop.run_build(rebuild=("chapters/ch01/a",)) == 0
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert shop.verdicts() == {"chapters/ch01/a": "fresh"}
    assert len(shop.vendor.prompts) == 3


def test_what_was_charged_for_nothing_under_two_names_counts_together(shop: Shop) -> None:
    """An entry that is renamed while its line is on its way."""
    file = shop.chapter("ch01", {"a": "A lamp."})
    shop.vendor.line_failures = {"lamp": charged()}
    shop.run_build()
    shop.vendor.finish()
    shop.edit(file, 'custom_id: "a"', 'custom_id: "bell"')
    for _ in range(4):
        shop.run_build()
        shop.vendor.finish()
    assert len(shop.vendor.prompts) == 2
    assert shop.verdicts() == {"chapters/ch01/bell": "blocked"}


def test_other_words_are_asked_for_though_those_before_were_charged_for_nothing(shop: Shop) -> None:
    file = shop.chapter("ch01", {"a": "A lamp."})
    shop.vendor.line_failures = {"lamp": charged()}
    for _ in range(3):
        shop.run_build()
        shop.vendor.finish()
    assert shop.verdicts() == {"chapters/ch01/a": "blocked"}
    shop.edit(file, "A lamp.", "A candle.")
    assert shop.run_build() == 0
    assert shop.vendor.prompts[2:] == ["A candle."]


def test_what_is_odd_about_a_reply_is_told_of_one_from_a_job_too(shop: Shop) -> None:
    """That it cost more than it could, that another model answered, that no usage was told, and what all came to."""
    shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    shop.run_build()
    shop.vendor.price = Decimal("9.00")
    shop.vendor.answered_by = "another-model"
    shop.vendor.untold = "door"
    shop.vendor.finish()
    assert shop.run_build() == 0
    result = shop.result()
    told = "; ".join(problem.message for problem in result.problems)
    assert "charged $9.00 for `chapters/ch01/a`, more than the" in told
    assert "was asked for 2 images, and `another-model` answered" in told
    assert (result.collected.images, result.collected.estimated) == (2, 1)
    assert result.collected.usd > 9
    assert any(line.startswith("collected from jobs: 2 brought an image, $9.") for line in shop.told())
    assert shop.result().spent.images == 0


# what its vendor did not take


def test_a_job_whose_folder_is_gone_may_be_billed_and_is_named_once(shop: Shop) -> None:
    """Before its image is bought again; `cost` counts it as possibly billed, and so does a plan that writes nothing."""
    shop.chapter("ch01", {"a": "A lamp."})
    shop.run_build()
    kept = shop.root / "kept"
    (shop.root / ".chargen/jobs").rename(kept)
    with open_session(shop.root, ENVIRON, read_only=True) as session:
        assert [attempt.task_id for attempt in session.unanswered()] == ["chapters/ch01/a"]
    assert shop.run_build() == 0
    told = [line for line in opening(shop.last) if line.startswith("possibly billed: chapters/ch01/a: in a job of ")]
    assert len(told) == 1
    assert [attempt.task_id for attempt in shop.attempts() if attempt.in_doubt] == ["chapters/ch01/a"]
    assert [attempt.task_id for attempt in shop.attempts() if attempt.lost_its_job] == ["chapters/ch01/a"]
    assert len(shop.vendor.prompts) == 2
    shop.run_build()
    assert shop.last.leftovers == ()
    (folder,) = kept.glob("chargen-*")
    folder.rename(shop.root / ".chargen/jobs" / folder.name)
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert not [attempt for attempt in shop.attempts() if attempt.in_doubt], "its folder is back, and it was collected"


def test_requests_in_a_job_that_can_not_be_read_are_not_given_up(shop: Shop) -> None:
    shop.chapter("ch01", {"a": "A lamp."})
    shop.run_build()
    (folder,) = shop.root.glob(".chargen/jobs/chargen-*")
    for name in ("job.json", "records.jsonl"):
        (folder / name).write_bytes(b"garbage")
    shop.run_build()
    assert shop.last.leftovers == ()
    assert not [attempt for attempt in shop.attempts() if attempt.in_doubt]


def test_a_limit_that_names_its_wait_is_waited_for_and_one_that_does_not_is_none_of_a_moment(shop: Shop) -> None:
    shop.chapter("ch01", {"a": "A lamp."})
    shop.vendor.refusals = [ProviderError(FailureClass.TRANSIENT, "slower", wait=0.0, rate_limited=True)]
    assert shop.run_build() == 0
    assert shop.verdicts() == {"chapters/ch01/a": "waiting"}
    shop.chapter("ch02", {"b": "A door."})
    shop.vendor.refusals = [ProviderError(FailureClass.TRANSIENT, "too much queued", rate_limited=True)]
    assert shop.run_build() == 0
    assert shop.verdicts()["chapters/ch02/b"] == "missing"


def test_an_upload_that_the_vendor_failed_is_tried_again(shop: Shop) -> None:
    shop.character("mara", "Mara, a face.", route="sketch/sketch")
    shop.chapter(
        "ch01",
        {"a": "A lamp."},
        extra="characters: [{slug: mara, reference_images: [mara-portrait]}]",
        entry="depicts_characters: [mara]",
    )
    shop.vendor.upload_failures = [ProviderError(FailureClass.TRANSIENT, "oh", wait=0.0, status=500)]
    assert shop.run_build() == 0
    assert shop.vendor.calls.count("upload") == 2
    assert shop.verdicts()["chapters/ch01/a"] == "waiting"


def test_an_account_that_may_not_make_jobs_stops_its_provider(shop: Shop) -> None:
    """Told as a stop with its hint, once, and which images failed by it."""
    shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    shop.vendor.refusal = ProviderError(FailureClass.PROVIDER_STOP, "no credit", hint="add some")
    assert shop.run_build() == 1
    result = shop.result()
    assert result.to_json()["stopped"] == {"openai": {"message": "no credit", "hint": "add some"}}
    assert {item.stopped_by for item in result.failed} == {"openai"}


def test_a_job_that_failed_is_not_announced_as_a_purchase_nor_its_lines_as_requests(shop: Shop) -> None:
    shop.chapter("ch01", {"a": "A lamp."})
    shop.run_build()
    shop.vendor.jobs[0].state = BatchState.FAILED
    shop.vendor.jobs[0].failure = ProviderError(FailureClass.INVALID, "a line is wrong")
    assert shop.run_build() == 1
    assert not any("to build" in line for line in opening(shop.last))
    assert sum_of("", shop.attempts(), is_proof).sent == 0


@pytest.mark.parametrize("words", ["prompt_used", "visual_description"])
def test_a_reply_asked_for_by_name_takes_the_place_of_a_picture_of_the_former_size(shop: Shop, words: str) -> None:
    """The picture is current by a form of before; what was paid for anew is by today's, and is not bought again."""
    file = shop.chapter("ch01", {"a": "A lamp."})
    shop.edit(file, '    size: "128x96"\n', "")
    shop.edit(file, "prompt_used:", f"{words}:")
    shop.run_build()
    shop.vendor.finish()
    shop.run_build()
    before = shop.hash("chapters/ch01/a")
    shop.edit(file, "generation_defaults: {", "generation_defaults: {size: 1536x1024, ")
    assert shop.verdicts() == {"chapters/ch01/a": "fresh"}
    shop.run_build(rebuild=("chapters/ch01/a",))
    shop.vendor.finish()
    shop.run_build()
    assert shop.hash("chapters/ch01/a") != before
    assert shop.verdicts() == {"chapters/ch01/a": "fresh"}
    assert len(shop.vendor.prompts) == 2
