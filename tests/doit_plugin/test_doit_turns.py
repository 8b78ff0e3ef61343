"""Turns: whoever is started together begins one after the other."""

import threading

from chargen.doit_plugin.turns import Turns


def test_images_begin_in_the_order_they_joined():
    """Threads started in the opposite order still begin in the order of their numbers."""
    turns, begun, started = Turns(), [], threading.Barrier(4)
    for image in "abc":
        turns.join(image)

    def work(image):
        started.wait(5)
        turns.wait(image)
        begun.append(image)
        turns.passed(image)

    threads = [threading.Thread(target=work, args=(image,)) for image in "cba"]
    for thread in threads:
        thread.start()
    started.wait(5)
    for thread in threads:
        thread.join(5)
    assert begun == ["a", "b", "c"]


def test_one_that_ends_before_its_turn_is_not_waited_for():
    """An image may end early and pass twice (it left, then it ended)."""
    turns = Turns()
    for image in "abc":
        turns.join(image)
    turns.passed("b")
    turns.passed("a")
    turns.passed("a")
    turns.passed("stranger")
    turns.wait("c")


def test_one_that_is_passed_while_it_waits_goes_on():
    """Whoever stands in the queue is woken also where its own number is over, and nobody else is."""
    turns, gone = Turns(), threading.Event()
    for image in "abc":
        turns.join(image)
    thread = threading.Thread(target=lambda: (turns.wait("b"), gone.set()))
    thread.start()
    turns.passed("b")
    assert not gone.wait(0.05)
    turns.passed("a")
    assert gone.wait(5)
    thread.join(5)
