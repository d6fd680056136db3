"""The page of figures: what is measured anew, and what stays as it was recorded."""

from bench._figures import BEGIN, END, renewed

PAGE = f"# Figures\n\n{BEGIN}\n## draw\n\nolder.\n\n## pages\n\n| a | b |\n{END}\n\nafter.\n"


def test_what_was_not_measured_keeps_its_section() -> None:
    page = renewed(PAGE, {"flash": "## flash\n\nnew.", "draw": "## draw\n\nnewer."})
    assert page == PAGE.replace("older.", "newer.").replace("## pages", "## flash\n\nnew.\n\n## pages")
    assert renewed(page, {}) == page


def test_a_page_without_figures_says_so_until_there_are_some() -> None:
    empty = renewed(f"{BEGIN}\n{END}\n", {})
    assert "make bench" in empty
    assert renewed(empty, {"draw": "## draw"}) == f"{BEGIN}\n## draw\n{END}\n"
