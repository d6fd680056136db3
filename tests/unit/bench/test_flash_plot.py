"""The picture of a release shows what was measured, and is XML."""

from xml.etree import ElementTree

from bench._flash_plot import bins, draw
from bench._flash_shapes import Answers

RELEASE = 1_000_000.0


def answers() -> Answers:
    """In the first half second three bookings, in the next two refusals, each ten milliseconds after it was sent."""
    told = Answers()
    for n, (at, status) in enumerate([(0.1, 201), (0.2, 201), (0.4, 201), (0.6, 409), (40.0, 409)]):
        told.request.append(n)
        told.due.append(RELEASE)
        told.sent.append(RELEASE + at - 0.01)
        told.answered.append(RELEASE + at)
        told.status.append(status)
        told.body.append(0)
    return told


def test_answers_are_counted_per_second_in_the_bin_of_their_instant() -> None:
    width, found = bins(answers(), RELEASE)
    assert width == 0.5
    assert [(one.booked, one.refused) for one in found[:3]] == [(6, 0), (0, 2), (0, 0)]
    assert len(found) == 81
    assert round(found[0].median_ms or 0) == 10
    assert found[2].median_ms is None


def test_the_picture_is_well_formed_and_names_itself() -> None:
    root = ElementTree.fromstring(draw(answers(), RELEASE, bar=20.0))
    texts = [element.text for element in root.iter() if element.text and element.text.strip()]
    assert root.get("aria-labelledby") == "flash-title"
    assert texts[0].endswith("Answers per second and their latency over a release")
    assert "空转上限 · bare echo" in texts
