"""The model field that is encrypted at rest (R-208). What is to be found has a blind index in a column of its own."""

from typing import Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.expressions import Combinable
from django.db.models.lookups import Exact, IsNull

from yitong.core.db.keys import blind_index, keyring

__all__ = ["EncryptedText", "blind_index"]


class _ExactlyNull(Exact):
    """`field=None`; any other comparison is refused."""

    def __init__(self, lhs: Any, rhs: Any) -> None:
        if rhs is not None:
            raise FieldError(f"{lhs.output_field.aad} is encrypted: ask its blind index")
        super().__init__(lhs, rhs)


class EncryptedText(models.BinaryField):
    """Text in Python, ciphertext in the database: `name = EncryptedText(aad="people.patient.name")`.

    `aad` names the column for good, whatever table and field are called later: it is authenticated with each value,
    so one put into another column does not open. Only `isnull` can be asked of it. Values are str or None.
    """

    description = "Encrypted text"

    def __init__(self, *args: Any, aad: str, **kwargs: Any) -> None:
        if kwargs.get("unique") or kwargs.get("db_index") or kwargs.get("primary_key"):
            raise FieldError("a ciphertext is never equal to another: index its blind index instead")
        kwargs.setdefault("editable", True)
        super().__init__(*args, **kwargs)
        self.aad = aad

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        if not self.editable:
            kwargs["editable"] = False
        return name, path, args, {**kwargs, "aad": self.aad}

    def get_internal_type(self) -> str:
        return "BinaryField"

    def get_default(self) -> Any:
        return models.Field.get_default(self)  # BinaryField's own would answer b"" where there is none

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return IsNull
        if lookup_name == "exact":
            return _ExactlyNull  # Django asks for it on its way from `field=None` to isnull
        raise FieldError(f"{self.aad} is encrypted: ask its blind index, or isnull, not {lookup_name}")

    def get_transform(self, lookup_name: str) -> Any:
        raise FieldError(f"{self.aad} is encrypted: {lookup_name} can't be asked of it")

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        if isinstance(value, Combinable):
            raise TypeError(f"{self.aad} is encrypted: it takes text, not an expression")
        if not isinstance(value, str):
            raise TypeError(f"{self.aad} takes text, not {type(value).__name__}")
        return connection.Database.Binary(keyring().encrypt(value, self.aad))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else keyring().decrypt(bytes(value), self.aad)

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError(f"{self.aad} is encrypted: fixtures don't hold it")
