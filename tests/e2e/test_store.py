"""A shared store on object storage: clones, machines and CI that buy every image once between them."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from servers.loopback import held
from servers.object_stores import ObjectStore
from servers.openai_server import OpenAIServer
from servers.pictures import png
from servers.scripted import Fault
from support.forks import Forks
from support.team import CH01, FOUR, Team

from chargen.actions.store import propose, shared_store
from chargen.plan.session import open_session
from chargen.store.clock import SystemClock

pytestmark = pytest.mark.servers


class Later(SystemClock):
    """A clock of two months ahead."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=60)


def test_what_one_machine_bought_is_free_for_the_next(team: Team, openai: OpenAIServer, forks: Forks) -> None:
    ana, ben = team.clone("ana"), team.clone("ben")
    first = forks.run(ana, "doit")
    assert first.code == 0, first.all
    assert len(openai.requests) == 4
    second = forks.run(ben, "doit")
    assert second.code == 0, second.all
    assert len(openai.requests) == 4, "nothing is bought twice"
    assert second.out.count("restored from the store, free") == 4, second.all
    for name in FOUR:
        entry = f"chapters/ch01/{name}"
        assert ben.image(entry).read_bytes() == ana.image(entry).read_bytes()
    assert [path.name for path in ben.originals()] == [path.name for path in ana.originals()]


@pytest.mark.parametrize("name", ["azurite", "google"])
def test_other_clouds_serve_as_well(name: str, tmp_path: Path, openai: OpenAIServer, forks: Forks) -> None:
    with ObjectStore(name) as store:
        team = Team(tmp_path, store, openai)
        ana, eve = team.clone("ana"), team.clone("eve")
        check = forks.run(ana, "chargen", "store", "check")
        assert "fine: of many writers at once one won, every time" in check.out, check.all
        assert forks.run(ana, "doit").code == 0
        run = forks.run(team.clone("ben"), "doit")
        assert "4 originals put into the store" not in forks.run(ana, "chargen", "store", "push").out
        assert "4 originals brought here" in forks.run(eve, "chargen", "store", "pull").out
    assert run.out.count("restored from the store, free") == 4, run.all
    assert len(openai.requests) == 4


def test_an_up_to_date_run_asks_the_store_nothing(team: Team, forks: Forks) -> None:
    ana = team.clone("ana")
    assert forks.run(ana, "doit").code == 0
    ana.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    for names in ((), ("chapters/ch01/a",)):
        again = forks.run(ana, "doit", *names)
        assert again.code == 0, again.all
        assert "store" not in again.out, again.all


def test_a_fresh_clone_gets_its_very_pictures_back_approved_ones_too(
    team: Team, openai: OpenAIServer, forks: Forks
) -> None:
    ana = team.clone("ana")
    assert forks.run(ana, "doit").code == 0
    assert forks.run(ana, "chargen", "approve", "chapters/ch01/a").code == 0
    ben = team.clone("ben")
    shutil.copytree(ana.root / "imagery", ben.root / "imagery", dirs_exist_ok=True)
    before = ben.read(CH01)
    run = forks.run(ben, "doit")
    assert run.code == 0, run.all
    assert len(openai.requests) == 4
    for name in FOUR:
        entry = f"chapters/ch01/{name}"
        assert ben.image(entry).read_bytes() == ana.image(entry).read_bytes(), run.all
    assert ben.records(CH01) == ana.records(CH01), before


def test_two_machines_at_once_buy_every_image_once(team: Team, openai: OpenAIServer) -> None:
    images = {f"i{number}": f"Lamp number {number}." for number in range(12)}
    openai.latency = 0.3
    ana, ben = team.clone("ana", images), team.clone("ben", images)
    started = [book.start("doit") for book in (ana, ben)]
    ended = [process.communicate(timeout=120) for process in started]
    said = "\n".join(text.decode() for pair in ended for text in pair)
    assert [process.returncode for process in started] == [0, 0], said
    assert len(openai.requests) == 12, said
    for name in images:
        assert ana.image(f"chapters/ch01/{name}").read_bytes() == ben.image(f"chapters/ch01/{name}").read_bytes()


def test_variants_of_others_are_fetched_before_more_are_bought(team: Team, openai: OpenAIServer, forks: Forks) -> None:
    ana, ben = team.clone("ana"), team.clone("ben")
    for book in (ana, ben):
        book.edit(CH01, '"A lamp."\n', '"A lamp."\n    variants: 3\n')
    first = forks.run(ana, "doit")
    assert first.code == 0, first.all
    assert len(openai.requests) == 6
    second = forks.run(ben, "doit")
    assert second.code == 0, second.all
    assert len(openai.requests) == 6, second.all
    assert [path.name for path in ben.originals()] == [path.name for path in ana.originals()]
    assert ben.image("chapters/ch01/a").read_bytes() == ana.image("chapters/ch01/a").read_bytes()
    last = forks.run(ben, "doit", "--variants", "4", "chapters/ch01/a")
    assert last.code == 0, last.all
    assert len(openai.requests) == 7, last.all


def test_what_is_only_here_is_pushed_and_pulled(team: Team, openai: OpenAIServer, forks: Forks) -> None:
    ana = team.clone("ana")
    ana.settings("[tool.chargen.providers.openai]\nper_minute = 6000\n")
    assert forks.run(ana, "doit").code == 0
    ana.settings(team.settings())
    status = forks.run(ana, "chargen", "store", "status", "--json").json
    assert (status["here"], status["in_store"], len(status["only_here"])) == (4, 0, 4)
    pushed = forks.run(ana, "chargen", "store", "push")
    assert pushed.code == 0, pushed.all
    assert "4 originals put into the store, 0 there already" in pushed.out
    assert "0 originals put into the store, 4 there already" in forks.run(ana, "chargen", "store", "push").out
    assert forks.run(ana, "chargen", "store", "status", "--json").json["only_here"] == []

    ben = team.clone("ben")
    shutil.copytree(ana.root / "imagery", ben.root / "imagery", dirs_exist_ok=True)
    one = forks.run(ben, "chargen", "store", "pull", "chapters/ch01/b")
    assert "1 original brought here" in one.out, one.all
    assert "3 originals brought here, 1 there already" in forks.run(ben, "chargen", "store", "pull").out
    assert [path.name for path in ben.originals()] == [path.name for path in ana.originals()]
    ben.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    assert forks.run(ben, "doit").code == 0, "everything is here"
    assert len(openai.requests) == 4


def two_pictures(body: Any) -> Any:
    """The answer to a request, with a second picture beside the first: always the same one."""
    second = base64.b64encode(png(64, 64, 99)).decode()
    return {**body, "data": [*body["data"], {**body["data"][0], "b64_json": second}]}


def test_what_was_delivered_beside_a_picture_goes_where_the_picture_goes(
    team: Team, openai: OpenAIServer, forks: Forks
) -> None:
    """With `push`, with a build, with `pull`."""
    openai.when("A lamp.", Fault(change=two_pictures))
    ana, ben, eve = (team.clone(name, {"a": "A lamp."}) for name in ("ana", "ben", "eve"))
    ana.settings("[tool.chargen.providers.openai]\nper_minute = 6000\n")
    assert forks.run(ana, "doit").code == 0
    ana.settings(team.settings())
    assert forks.run(ana, "chargen", "store", "push").code == 0
    assert forks.run(ben, "doit").code == 0
    assert forks.run(eve, "chargen", "store", "pull").code == 0
    assert len(openai.requests) == 1
    for book in (ana, ben, eve):
        (beside,) = book.root.rglob("other-2.png")
        assert beside.read_bytes() == png(64, 64, 99)


def test_a_key_that_only_reads_says_that_nothing_is_written(team: Team, openai: OpenAIServer, forks: Forks) -> None:
    ana, ci = team.clone("ana"), team.clone("ci", {**FOUR, "e": "A new one."})
    assert forks.run(ana, "doit").code == 0
    ci.env["CHARGEN_STORE_ACCESS"] = "read"
    run = forks.run(ci, "doit")
    assert run.code == 0, run.all
    assert run.out.count("restored from the store, free") == 4, run.all
    assert "the store is only read here" in run.out, run.all
    assert len(openai.requests) == 5
    refused = forks.run(ci, "chargen", "store", "push")
    assert refused.code == 3
    assert "only read" in refused.err
    assert forks.run(ci, "chargen", "store", "status", "--json").json["in_store"] == 4


def test_a_store_that_is_away_keeps_nothing_from_being_restored_and_claims_decide_what_is_bought(
    team: Team, openai: OpenAIServer, forks: Forks
) -> None:
    ana = team.clone("ana")
    away = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    run = forks.run(ana, "doit", env=away)
    assert run.code == 0, run.all
    assert len(openai.requests) == 0, "without a claim nothing is bought"
    assert "not bought, because its claim can't be had" in run.out
    assert "127.0.0.1:9" not in run.all
    ana.settings(team.settings('claims = "best-effort"\n'))
    run = forks.run(ana, "doit", env=away)
    assert run.code == 0, run.all
    assert len(openai.requests) == 4
    assert "4 could not be put in the store yet" in run.out, run.all
    ben = team.clone("ben")
    ana.write("imagery/chapters/ch01/imagery.yaml", ana.read(CH01) + "# a change\n")
    again = forks.run(ana, "doit", "chapters/ch01/a")
    assert again.code == 0, again.all
    other = forks.run(ben, "doit")
    assert other.out.count("restored from the store, free") == 4, f"{again.all}\n{other.all}"
    assert len(openai.requests) == 4


def test_two_machines_answer_one_rejection_with_one_picture(team: Team, openai: OpenAIServer, forks: Forks) -> None:
    ana = team.clone("ana")
    assert forks.run(ana, "doit").code == 0
    rejected = forks.run(ana, "chargen", "reject", "chapters/ch01/a")
    assert rejected.code == 0, rejected.all
    ben = team.clone("ben")
    shutil.copytree(ana.root / "imagery", ben.root / "imagery", dirs_exist_ok=True)
    shutil.copytree(ana.root / "generated", ben.root / "generated", dirs_exist_ok=True)
    first, second = forks.run(ana, "doit"), forks.run(ben, "doit")
    assert first.code == second.code == 0, first.all + second.all
    assert len(openai.requests) == 5, second.all
    entry = "chapters/ch01/a"
    assert ana.image(entry).read_bytes() == ben.image(entry).read_bytes(), second.all
    third = forks.run(ben, "doit", "--rebuild", entry)
    assert third.code == 0, third.all
    assert len(openai.requests) == 6, "what is asked for by name is another one"
    assert forks.run(ana, "doit", "--rebuild", entry).code == 0
    assert len(openai.requests) == 7, "also where somebody else asked for another one"


def test_of_several_replies_a_clone_without_records_gets_the_earliest_that_nobody_rejected(
    team: Team, openai: OpenAIServer, forks: Forks
) -> None:
    """A rejection is known to the store by the answer to it only."""
    a, b = "chapters/ch01/a", "chapters/ch01/b"
    ana, ben, eve = (team.clone(name, {"a": "A lamp.", "b": "A door."}) for name in ("ana", "ben", "eve"))
    assert forks.run(ana, "doit").code == 0
    first = ana.image(b).read_bytes()
    assert forks.run(ana, "doit", "--rebuild", b).code == 0
    assert forks.run(ben, "doit").code == 0
    assert forks.run(ben, "chargen", "reject", a).code == 0
    assert forks.run(ben, "doit").code == 0
    assert len(openai.requests) == 4
    run = forks.run(eve, "doit")
    assert run.out.count("restored from the store, free") == 2, run.all
    assert eve.image(b).read_bytes() == first != ana.image(b).read_bytes()
    assert eve.image(a).read_bytes() == ben.image(a).read_bytes() != ana.image(a).read_bytes()
    assert len(openai.requests) == 4


def test_a_plan_says_that_the_store_was_not_asked(team: Team, forks: Forks) -> None:
    ana = team.clone("ana")
    ana.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    shown = forks.run(ana, "chargen", "plan")
    assert "the store was not asked" in shown.out, shown.all
    told = forks.run(ana, "chargen", "plan", "--json").json["problems"]
    assert any("store was not asked" in problem["message"] for problem in told)


@pytest.mark.parametrize("name", ["s3rver", "google_hasty"])
def test_a_store_that_lies_is_read_and_holds_no_claims(
    name: str, tmp_path: Path, openai: OpenAIServer, forks: Forks
) -> None:
    with ObjectStore(name) as store:
        team = Team(tmp_path, store, openai)
        ana = team.clone("ana")
        run = forks.run(ana, "doit")
        assert run.code == 0, run.all
        assert len(openai.requests) == 0
        assert "this store can't hold claims: " in run.out
        assert " of 16 writers were told that they made one new object" in run.out
        assert forks.run(ana, "chargen", "store", "check").code == 1
        ana.settings(team.settings('claims = "best-effort"\n'))
        assert forks.run(ana, "doit").code == 0
        assert len(openai.requests) == 4
        assert forks.run(team.clone("ben"), "doit").out.count("restored from the store, free") == 4


def test_no_key_of_the_store_is_in_anything_that_is_written(team: Team, forks: Forks) -> None:
    ana = team.clone("ana")
    secret = "wJalrXUtnFEMI-a-secret-access-key"
    ana.env["AWS_SECRET_ACCESS_KEY"] = secret
    said = [forks.run(ana, "doit").all, forks.run(ana, "chargen", "store", "status").all]
    written = [path.read_bytes() for path in ana.root.rglob("*") if path.is_file()]
    assert secret not in "".join(said)
    assert not any(secret.encode() in data for data in written)


def test_what_an_author_says_of_pictures_goes_by_git_alone(
    team: Team, openai: OpenAIServer, forks: Forks, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No byte in the store changes by a decision, and a clone without the author's files knows of none."""
    for name, value in object_store.environ.items():
        monkeypatch.setenv(name, value)

    def in_the_store() -> dict[str, bytes]:
        with open_session(ana.root, {**os.environ}, read_only=True) as session:
            objects = shared_store(session).objects
            return {key: found.data for key, _ in objects.sizes("") if (found := objects.get(key)) is not None}

    ana = team.clone("ana")
    assert forks.run(ana, "doit").code == 0
    before = in_the_store()
    decisions = (("approve", "a"), ("reject", "b", "--note", "softer light"), ("lock", "c"))
    for command, name, *note in decisions:
        assert forks.run(ana, "chargen", command, f"chapters/ch01/{name}", *note).code == 0
    assert forks.run(ana, "chargen", "store", "push").code == 0
    assert before
    assert in_the_store() == before
    ben = team.clone("ben")
    assert forks.run(ben, "doit").code == 0
    assert "status:" not in ben.read(CH01)
    assert forks.run(ben, "chargen", "plan", "--json").json["totals"] == {"fresh": 4}
    assert len(openai.requests) == 4


def test_the_month_s_budget_is_that_of_all_machines(team: Team, openai: OpenAIServer, forks: Forks) -> None:
    """What another clone spent counts, though neither a journal nor a record here tells of it."""
    budget = "[tool.chargen.budget]\nmonth = {}\n"
    ana = team.clone("ana", more=budget.format("100.00"))
    first = forks.run(ana, "doit", "chapters/ch01/a", "chapters/ch01/b")
    assert first.code == 0, first.all
    spent = forks.run(ana, "chargen", "cost", "--json").json["total"]["spent_usd"]
    ben = team.clone("ben", {"x": "A boat.", "y": "A net."}, more=budget.format(f"{float(spent) + 0.0001:.4f}"))
    run = forks.run(ben, "doit")
    assert run.code == 0, run.all
    assert len(openai.requests) == 2, "the other clone spent it"
    assert "left out: chapters/ch01/x" in run.out, run.all
    ben.settings(team.settings(budget.format("100.00")))
    assert forks.run(ben, "doit").code == 0
    assert len(openai.requests) == 4


def test_what_another_machine_has_in_flight_counts_in_the_month_s_budget(
    team: Team, openai: OpenAIServer, forks: Forks
) -> None:
    """It sets its money aside in the store before its request leaves."""
    budget = "[tool.chargen.budget]\nmonth = 0.05\n"  # room for one of them
    ana, ben = team.clone("ana", {"a": "A lamp."}, budget), team.clone("ben", {"x": "A boat."}, budget)
    answer = threading.Event()
    openai.at(1, held(answer))
    first = ana.start("doit")
    openai.wait_for(1, timeout=60)
    run = forks.run(ben, "doit")
    answer.set()
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert run.code == 0, run.all
    assert "left out: chapters/ch01/x" in run.out, run.all
    assert len(openai.requests) == 1


def test_a_run_that_waits_for_others_leaves_it_to_them_when_it_is_interrupted(
    team: Team, openai: OpenAIServer, forks: Forks
) -> None:
    """It says for whom it waits; Ctrl-C ends it at once, nothing is lost, and the next run fetches."""
    one = {"a": "A lamp."}
    ana, ben = team.clone("ana", one), team.clone("ben", one)
    answer = threading.Event()
    openai.at(1, held(answer))
    first = ana.start("doit")
    openai.wait_for(1, timeout=60)
    second = ben.start("doit")
    assert second.stdout is not None
    lines: list[str] = []
    while not any("waiting for" in line for line in lines):
        line = second.stdout.readline().decode()
        assert line, lines
        lines.append(line)
    assert "is buying it; Ctrl-C leaves it to them" in lines[-1]
    second.send_signal(signal.SIGINT)
    out, err = second.communicate(timeout=60)
    assert second.returncode == 130, out + err
    answer.set()
    assert first.wait(timeout=60) == 0
    first.communicate()
    assert len(openai.requests) == 1
    assert "restored from the store, free" in forks.run(ben, "doit").out
    assert len(openai.requests) == 1


def test_what_no_branch_names_is_proposed_and_never_another_project_s(
    team: Team, openai: OpenAIServer, forks: Forks, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = team.clone("ana")
    openai.when("A lamp.", Fault(change=two_pictures))
    assert forks.run(ana, "doit").code == 0
    assert forks.run(ana, "chargen", "store", "gc").code == 3, "without git nobody knows"
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(ana.root))
    for command in (("init", "-q"), ("add", "imagery"), ("commit", "-qm", "One")):
        subprocess.run([*git, *command], check=True)
    other = Team(team.folder / "another", object_store, openai)
    other.folder.mkdir()
    assert forks.run(other.clone("eve", {"z": "Another book."}), "doit").code == 0
    assert forks.run(ana, "doit", "--rebuild", "chapters/ch01/a").code == 0
    told = forks.run(ana, "chargen", "store", "gc", "--json").json
    assert (told["proposed"], told["kept"]) == ([], 5), "all of them are young"
    for name, value in object_store.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ana.root)
    with open_session(ana.root, {**os.environ}) as session:
        later = replace(session, clock=Later())
        proposed = propose(later, shared_store(session))
    assert proposed.replies == (), "what is named, and what that replaced, is kept"
    ana.write(CH01, ana.read(CH01).replace("record:", "was:"))
    with open_session(ana.root, {**os.environ}) as session:
        proposed = propose(replace(session, clock=Later()), shared_store(session))
    ((reply, keys),) = proposed.replies
    assert reply.record.entry_id == "chapters/ch01/a", "the one that only the working copy named"
    (told,) = proposed.to_json()["proposed"]
    first, beside = reply.bytes_keys
    assert (told["keys"], keys[0]) == ([*keys], f"done/{reply.record.fingerprint}/2")
    assert keys[1:] == (first,), f"{beside} is that of a picture that is kept, too"
    assert told["bytes"] == reply.original.size + len(png(64, 64, 99))
