"""Which light fits a picture: read in every shape, never of another time of day."""

import pytest

from chargen.kinds.light import FITS, TIMES, fitting, lights, time_of, tokens
from chargen.yaml.document import parse


def choices(text):
    document = parse(text.encode(), "a.yaml")
    return lights(document, document.root)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("pre-dawn", "dawn"),
        ("mid-morning", "morning"),
        ("late afternoon, sun low", "afternoon"),
        ("blue hour, twilight", "dusk"),
        ("dusk, golden hour fading", "dusk"),
        ("evening event", "evening"),
        ("long after midnight", "night"),
        ("the Nightingale", None),
        ("", None),
    ],
)
def test_the_first_time_named_counts(text, time):
    """Whole words only."""
    assert time_of(text) == time


def test_what_is_said_first_counts_before_what_is_hinted():
    """`time_of_day` stands before slug and title."""
    assert time_of("noon", "night-watch") == "midday"
    assert time_of(None, "eternal", "night-watch") == "night"


@pytest.mark.parametrize(
    "text",
    [
        "{dusk: red lamps, morning: mist}",
        "['dusk: red lamps', 'morning: mist']",
        "[{dusk: red lamps}, {morning: mist}]",
        "[{time: dusk, description: red lamps}, {time: morning, description: mist}]",
        "{dusk: [red lamps], morning: [mist]}",
    ],
)
def test_maps_and_lists_tell_the_same(text):
    """Authors write all of these."""
    assert fitting(choices(text), "dusk", ()) == "red lamps"
    assert fitting(choices(text), "night", ()) is None
    assert fitting(choices(text), None, ()) is None


def test_a_single_text_is_the_usual_light_unless_it_speaks_of_another_time():
    """Morning sun does not get into a dusk."""
    assert fitting(choices("soft and grey"), "dusk", ()) == "soft and grey"
    assert fitting(choices("morning sun on brick"), "dusk", ()) is None
    assert fitting(choices("morning sun on brick"), "morning", ()) == "morning sun on brick"
    assert fitting(choices("[dusk brings lamps, plain daylight]"), "dusk", ()) == "dusk brings lamps"


def test_the_place_counts_before_the_time():
    """All words of a key's place must stand together in the picture's."""
    some = choices("{building_a: lamps, building_a_night: stars, building_b: fire, dusk: red}")
    assert fitting(some, "dusk", (tokens("Building A, hall"),)) == "lamps"
    assert fitting(some, "night", (tokens("building-a"),)) == "stars"
    assert fitting(some, "dusk", (tokens("a building"),)) == "red"


def test_a_places_light_of_another_time_is_not_taken():
    """Its text gives it away."""
    assert fitting(choices("{yard: midday glare}"), "night", (("yard",),)) is None
    assert fitting(choices("{yard: midday glare}"), None, (("yard",),)) == "midday glare"


def test_roles_are_no_places():
    """A picture called `quality` gets no `quality`."""
    assert fitting(choices("{quality: soft, secondary: fire}"), None, (("quality",), ("secondary",))) is None


def test_every_time_fits_itself():
    """The tables agree."""
    assert FITS.keys() == TIMES.keys()
    assert all(fits[0] == time for time, fits in FITS.items())


@pytest.mark.parametrize("text", ["~", "[]", "{}", "{dusk: }", "[~, {a: {b: c}}, []]", "{dusk: {a: b}}"])
def test_empty_and_odd_shapes_have_no_light(text):
    """Nothing is made up."""
    assert fitting(choices(text), "dusk", ()) is None


def test_a_map_in_a_list_without_a_text_has_no_light():
    """Its key alone says nothing."""
    assert choices("[{time: dusk}, {time: dusk, description: [a]}]") == ()
