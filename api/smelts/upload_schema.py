"""What a call that takes inputs looks like: which fields it knows, and where its inputs stand."""

from dataclasses import dataclass

from api.smelts.input_part import Source
from api.smelts.options import SMELT_FIELDS, Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSchema:
    """`sources`: the fields that hold inputs. `json`: whether it may come as JSON too."""

    fields: Fields
    sources: frozenset[Source]
    one_input: bool = False
    json: bool = False

    @property
    def file_field(self) -> str:
        """The one for files, which a refusal names."""
        return (Source.FILE if Source.FILE in self.sources else Source.FILES).value

    @property
    def media_types(self) -> str:
        """As a refusal names them."""
        return "multipart/form-data or application/json" if self.json else "multipart/form-data"


SMELT = UploadSchema(fields=SMELT_FIELDS, sources=frozenset({Source.FILES, Source.TEXTS}), json=True)
