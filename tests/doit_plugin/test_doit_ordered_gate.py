"""The ordered gate: whoever is started together begins one after the other."""

import threading

from chargen.doit_plugin.ordered_gate import OrderedGate


def test_images_begin_in_the_order_they_joined():
    """Threads started in the opposite order still begin in the order of their numbers."""
    gate, begun, started = OrderedGate(), [], threading.Barrier(4)
    for image in "abc":
        gate.join(image)

    def work(image):
        started.wait(5)
        gate.wait(image)
        begun.append(image)
        gate.release(image)

    threads = [threading.Thread(target=work, args=(image,)) for image in "cba"]
    for thread in threads:
        thread.start()
    started.wait(5)
    for thread in threads:
        thread.join(5)
    assert begun == ["a", "b", "c"]


def test_one_that_ends_before_its_turn_is_not_waited_for():
    """An image may end early and pass twice (it left, then it ended)."""
    gate = OrderedGate()
    for image in "abc":
        gate.join(image)
    gate.release("b")
    gate.release("a")
    gate.release("a")
    gate.release("stranger")
    gate.wait("c")


def test_one_that_is_passed_while_it_waits_goes_on():
    """Whoever stands in the queue is woken also where its own number is over, and nobody else is."""
    gate, gone = OrderedGate(), threading.Event()
    for image in "abc":
        gate.join(image)
    thread = threading.Thread(target=lambda: (gate.wait("b"), gone.set()))
    thread.start()
    gate.release("b")
    assert not gone.wait(0.05)
    gate.release("a")
    assert gone.wait(5)
    thread.join(5)
