"""Counts what a person has to do: each tap, and each field that is typed into, once."""

from dataclasses import dataclass

from playwright.sync_api import Locator
from tests.browser.visitors import Visitor


@dataclass
class Counted:
    """A visitor whose inputs are counted; going somewhere by address is not something a person does here."""

    someone: Visitor
    inputs: int = 0

    def tap(self, what: Locator) -> None:
        self.inputs += 1
        what.first.click()
        self.someone.page.wait_for_load_state("load")

    def type(self, what: Locator, text: str) -> None:
        self.inputs += 1
        what.press_sequentially(text)
