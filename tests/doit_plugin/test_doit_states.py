"""doit's database: constant for images, a JSON file for an author's own tasks."""

import json
import os

import pytest
from doit.dependency import Dependency
from doit.task import dict_to_task

from chargen.doit_plugin.states import JUDGED, ContentChecker, RecordStates, images


@pytest.fixture
def one_image():
    """Tell that `generated/a.png` is an image, for this test only."""
    images.set(frozenset({"generated/a.png"}))
    yield "generated/a.png"
    images.set(frozenset())


def database(path):
    return Dependency(RecordStates, str(path), checker_cls=ContentChecker)


def test_nothing_of_an_image_is_kept_or_lost(tmp_path, one_image):
    """The `remove` that doit calls for every failure changes nothing of an image, and no file appears."""
    states = database(tmp_path / "doit.json")
    states._set(one_image, "prompt.txt", [1, 2, "x"])
    states.remove(one_image)
    assert states._get(one_image, "prompt.txt") == JUDGED
    assert states._get(one_image, "deps:") is None
    states.close()
    assert not (tmp_path / "doit.json").exists()


def test_an_own_task_is_up_to_date_until_its_file_changes(tmp_path):
    """The states of own tasks survive in the file, and a change of content counts even under an equal size."""
    source = tmp_path / "a.txt"
    source.write_text("one")
    task = dict_to_task({"name": "pdf", "actions": [], "file_dep": [str(source)]})
    states = database(tmp_path / "state" / "doit.json")
    states.save_success(task)
    states.close()
    assert database(tmp_path / "state" / "doit.json").get_status(task, {}).status == "up-to-date"
    os.utime(source, ns=(1, 1))
    assert database(tmp_path / "state" / "doit.json").get_status(task, {}).status == "up-to-date"
    source.write_text("two")
    assert database(tmp_path / "state" / "doit.json").get_status(task, {}).status == "run"


@pytest.mark.parametrize("damage", ["{", "[1, 2]", '{"pdf": 3}', "\x00"])
def test_a_damaged_file_counts_as_empty_and_is_written_anew(tmp_path, damage):
    """Losing it costs one run of the own tasks, never an error."""
    path = tmp_path / "doit.json"
    path.write_text(damage)
    states = database(path)
    assert states._get("pdf", "deps:") is None
    states._set("pdf", "result:", "x")
    states.close()
    assert json.loads(path.read_text()) == {"pdf": {"result:": "x"}}


def test_states_are_read_when_first_asked_for(tmp_path):
    """Another process may write them while this one waits for the project."""
    path = tmp_path / "doit.json"
    waiting = database(path)
    path.write_text('{"pdf": {"result:": "new"}}')
    assert waiting._get("pdf", "result:") == "new"


def test_a_state_of_another_checker_means_changed(tmp_path):
    """A state that this checker did not write is never taken for unchanged."""
    file = tmp_path / "a"
    file.write_text("a")
    assert ContentChecker().check_modified(str(file), file.stat(), "md5-text")
