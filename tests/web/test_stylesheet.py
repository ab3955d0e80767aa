"""Of Tabler our pages get what they can use, and what they use is in it."""

import tinycss2

from tests import stylesheet


def test_the_part_of_tabler_is_what_our_pages_can_use() -> None:
    assert stylesheet.SUBSET.read_text() == stylesheet.subset(), (
        "Templates or scripts name other classes now: run python -m tests.stylesheet"
    )


def test_it_says_whose_it_is_and_which_version() -> None:
    text = stylesheet.SUBSET.read_text()
    assert "Tabler v1.6.1" in text
    assert "MIT" in text
    assert stylesheet.SUBSET.with_name("LICENSE").is_file()


def test_classes_that_pages_use_are_styled_and_others_are_not() -> None:
    text = stylesheet.SUBSET.read_text()
    for name in (".btn", ".btn-primary", ".form-control", ".alert-danger", ".is-invalid"):
        assert name in text
    for name in (".carousel", ".navbar", ".toast{", ".dropdown-menu", "data-vc"):
        assert name not in text


def test_what_is_taken_for_no_class_is_none() -> None:
    found = stylesheet.NO_CLASSES & stylesheet.given_classes()
    assert found == set(), "take these out of NO_CLASSES, and run python -m tests.stylesheet"


def test_what_comes_after_it_in_the_same_file_is_read() -> None:
    """A bracket too few would swallow all of our own style."""
    sheet = tinycss2.parse_stylesheet(stylesheet.SUBSET.read_text() + "last-of-all{color:red}")
    assert [node for node in sheet if node.type == "error"] == []
    assert sheet[-1].serialize() == "last-of-all{color:red}"
