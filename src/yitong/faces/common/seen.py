"""What a page showed of a thing goes with its form, so that nobody's change in between is written over unseen."""

from typing import cast

from django import forms
from django.http import QueryDict


class Seen(forms.Form):
    """`initial["seen"]` is what stands now; the command refuses a press that was made from something older."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def see_anew(self) -> None:
        """The page shows what stands, so the next press is made from it."""
        data = cast(QueryDict, self.data).copy()
        data["seen"] = self.initial["seen"]
        self.data = data
