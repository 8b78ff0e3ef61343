"""What names on doit's command line mean: images, an author's own tasks, patterns, options."""

import pytest
from doit.task import dict_to_task

from chargen.doit_plugin.names import TaskNames, understand
from chargen.doit_plugin.own_tasks import order_by_paths, own_only, own_tasks
from chargen.errors import StartError
from chargen.plan.selection import Selectable
from chargen.plan.verdict import Force

IMAGES = [
    Selectable(f"chapters/ch01/{name}", f"generated/chapters/ch01/{name}.png", "", "imagery/ch01.yaml", "ch01")
    for name in ("a", "b")
]
A, B = "chapters/ch01/a", "chapters/ch01/b"


def task(name, **values):
    return dict_to_task({"name": name, "actions": ["true"], **values})


def own():
    return [
        task("pdf", file_dep=["generated/chapters/ch01/a.png"], targets=["book.pdf"]),
        task(
            "upload", file_dep=["book.pdf"], params=[{"name": "fast", "long": "fast", "type": bool, "default": False}]
        ),
        task("all-pages", task_dep=["generated/chapters/ch01/*"]),
        task("_hidden"),
    ]


def test_an_own_task_means_the_images_it_needs_through_chains():
    """`doit upload` needs `book.pdf`, which `pdf` makes, which needs an image: that image is built first."""
    named = understand(["upload"], own())
    assert named.own == ("upload",)
    assert named.tasks == {"upload", "pdf"}
    assert named.pick(IMAGES) == {A: Force.NONE}


def test_a_pattern_in_task_dep_means_images_too():
    """In doit a task may depend on a pattern of tasks; images are tasks."""
    assert understand(["all-pages"], own()).pick(IMAGES) == {A: Force.NONE, B: Force.NONE}


def test_a_target_of_an_own_task_names_it():
    """As in stock doit `doit book.pdf` runs the task that makes it."""
    named = understand(["book.pdf"], own())
    assert named.own == ("book.pdf",)
    assert named.pick(IMAGES) == {A: Force.NONE}


def test_options_after_an_own_task_are_its_own():
    """What follows an own task's name is read as its options, what follows those as the next name."""
    named = understand(["upload", "--fast", A], own())
    assert named.own == ("upload", "--fast")
    assert named.terms == (A,)


def test_an_option_after_an_image_is_an_error_that_says_where_to_write_it():
    """`doit chapters/ch01/a -a` would otherwise be taken as a name."""
    with pytest.raises(StartError, match="options before names"):
        understand([A, "-a"], own())
    told = []
    for arguments in ([A, "--variants", "3"], [A, "--variants"], [A, "--no-wait", B]):
        with pytest.raises(StartError) as caught:
            understand(arguments, own(), command="doit run", valued=["--variants"])
        told.append(caught.value.problems[0].hint.partition(": ")[2])
    assert told == [f"`doit run --variants 3 {A}`", f"`doit run --variants VALUE {A}`", f"`doit run --no-wait {A}`"]


def test_always_is_for_what_was_named_and_not_for_what_it_needs():
    """`-a` demands the named image again; the image an own task needs stays as it is."""
    assert understand(["pdf", B], own()).pick(IMAGES, Force.AGAIN) == {A: Force.NONE, B: Force.AGAIN}
    assert understand(["pdf", A], own()).pick(IMAGES, Force.AGAIN) == {A: Force.AGAIN}


def test_rebuild_adds_to_what_is_named():
    """`--rebuild b a` takes both, `b` whatever it is."""
    assert understand([A], own()).pick(IMAGES, rebuild=(B,)) == {A: Force.NONE, B: Force.REBUILD}


def test_a_pattern_may_mean_own_tasks_images_or_both():
    """A pattern on own tasks alone is no error; hidden tasks are not meant by one."""
    assert understand(["p*"], own()).own == ("pdf",)
    assert understand(["p*"], own()).pick(IMAGES) == {A: Force.NONE}
    both = understand(["*"], own())
    assert both.own == ("pdf", "upload", "all-pages")
    assert both.meant(IMAGES) == (A, B)


@pytest.mark.parametrize(("term", "near"), [("pfd", "`pdf`"), ("chapter/ch01/aa", "`chapters/ch01/a`")])
def test_an_unknown_name_suggests_the_nearest_image_or_task(term, near):
    """Exit code 3, with did-you-mean over both."""
    with pytest.raises(StartError) as caught:
        understand([term], own()).pick(IMAGES)
    assert near in str(caught.value)
    assert "neither an image nor a task" in str(caught.value)


def test_every_unknown_name_is_told_in_one_go():
    """Two misspelt names are two problems, and the right one between them is none."""
    with pytest.raises(StartError) as caught:
        understand(["pfd", A, "uplod"], own()).pick(IMAGES)
    assert len(caught.value.problems) == 2


def test_names_may_be_written_from_the_folder_the_command_is_given_in():
    """`within` is where the author stands."""
    named = understand(["a.png"], own(), within="generated/chapters/ch01")
    assert named.pick(IMAGES) == {A: Force.NONE}


def test_nothing_named_is_false():
    """The caller takes everything then."""
    assert not TaskNames()
    assert understand(["pdf"], own())


def test_own_tasks_wait_for_images_however_their_paths_are_written():
    """Paths are compared by doit as texts; `./generated/...` must wait for its image all the same."""
    late = task("late", file_dep=["./generated/chapters/ch01/a.png"])
    order_by_paths([late], {"generated/chapters/ch01/a.png"})
    assert late.task_dep == ["generated/chapters/ch01/a.png"]


def test_stock_lookups_see_own_tasks_only():
    """The stock commands look every dependency up among the tasks; images are none there."""
    page = task("page", task_dep=["generated/chapters/ch01/a.png", "pdf"], setup=["generated/chapters/ch01/b.png"])
    found = own_only([*own()[:1], page])[1]
    assert (found.task_dep, found.setup_tasks) == (["pdf"], [])


def test_the_empty_group_of_a_function_without_tasks_is_no_own_task():
    """A group `images` is made by doit for `task_images` while images are held back."""
    group = dict_to_task({"name": "images", "actions": None})
    group.has_subtask = True
    assert own_tasks([group, task("pdf")])[0].name == "pdf"
