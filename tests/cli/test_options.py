"""What options mean before any project is opened."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from chargen.cli.options import Options, build_request, usd
from chargen.errors import StartError
from chargen.store.places import folder_inside


@pytest.mark.parametrize(("text", "amount"), [("2", "2"), ("$2.50", "2.50"), ("0", "0")])
def test_an_amount_of_money(text: str, amount: str) -> None:
    """Digits, with or without a dollar sign."""
    assert usd(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "two", "-1", "nan", "inf", "1,50"])
def test_what_is_no_amount_of_money(text: str) -> None:
    """Refused in words: a budget that is misread would be overspent."""
    with pytest.raises(StartError, match="`--budget` takes an amount in USD"):
        usd(text)


def test_an_order_has_everything_that_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option ends up in the order, and paths are read from the folder the command was given in."""
    (tmp_path / "imagery").mkdir()
    monkeypatch.chdir(tmp_path / "imagery")
    asked = Options(("a",), ("b",), ("c*",), "google", 3, resume=False, rebuild=("d",), budget="1.5")
    request = build_request(asked, tmp_path, kinds=frozenset({"chapter"}), wait=False)
    selection = request.selection
    assert (selection.terms, selection.only, selection.match) == (("a",), ("b",), ("c*",))
    assert selection.within == "imagery"
    assert (request.provider, request.max_tasks, request.resume, request.rebuild) == ("google", 3, False, ("d",))
    assert (request.budget, request.kinds, request.wait) == (Decimal("1.5"), frozenset({"chapter"}), False)


def test_where_a_command_was_given(tmp_path: Path) -> None:
    """At the top, and outside of the project, there is no folder to read names from."""
    assert folder_inside(tmp_path, tmp_path) == ""
    assert folder_inside(tmp_path, tmp_path / "elsewhere") == ""
    assert folder_inside(tmp_path / "imagery" / "a", tmp_path) == "imagery/a"
