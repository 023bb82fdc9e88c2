"""The errors of one parameter or header, in the documented words, for validate-parameters and validate-headers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from apimpolicy.context.description import HEADER, PATH, QUERY, Parameter, definition_name
from apimpolicy.policies.json_schemas import SchemaNotFoundError, UnverifiableError
from apimpolicy.policies.parameter_values import ParameterChecker, UnparsableError
from apimpolicy.policies.validation_errors import INCORRECT, INTERNAL, MISSING, UNSPECIFIED, ValidationError

NO_SCHEMA = "API's schema doesn't exist or it couldn't be resolved."


@attrs.frozen
class Place:
    """The place of a parameter: `type` as errors have it, `words` as messages do, and the message it belongs to."""

    type: str
    words: str
    message: str = "Request"

    @property
    def is_public(self) -> bool:
        """Return whether callers may read the errors."""
        return self.message == "Request"


REQUEST_PLACES = {
    HEADER: Place("RequestHeader", "header"),
    QUERY: Place("QueryParameter", "query parameter"),
    PATH: Place("PathParameter", "path parameter"),
}
RESPONSE_HEADER = Place("ResponseHeader", "header", "Response")


def unspecified(place: Place, name: str) -> ValidationError:
    """Return the error of one that the description does not have."""
    text = f"Unspecified {place.words} {name} is not allowed."
    return ValidationError(name, place.type, UNSPECIFIED, text, text if place.is_public else INTERNAL)


def without_description() -> ValidationError:
    """Return the error when there is nothing to compare with."""
    return ValidationError("", "ApiSchema", "", NO_SCHEMA)


def parameter_errors(
    checker: ParameterChecker, place: Place, parameter: Parameter, values: Sequence[str]
) -> Iterator[ValidationError]:
    """Yield the errors of a parameter that is described; no values mean that it is not there."""
    name = parameter.name
    whole = f"{place.words} {name}"
    if not values:
        if parameter.required:
            text = f"alue of the {whole} does not conform to the definition. It is required and missing."
            yield _incorrect(place, name, f"V{text}", f"The v{text}")
        return
    try:
        if len(values) > 1 and not checker.takes_several(parameter):
            text = f"{place.message} cannot contain multiple values for the {whole}."
            yield _incorrect(place, name, text, text)
            return
        violations = checker.violations(parameter, values)
    except UnparsableError as error:
        start, end = f"Value of the {whole}", "be parsed according to the definition."
        if place is RESPONSE_HEADER:
            yield _incorrect(place, name, f"{start} couldn't {end}", INTERNAL)
        else:
            yield _incorrect(place, name, f"{start} cannot {end} {error}", f"{start} couldn't {end} {error}")
    except SchemaNotFoundError:
        definition = definition_name(parameter.schema)
        text = f"API's schema does not contain definition {definition}, which is associated with the {whole}."
        yield ValidationError(name, place.type, MISSING, text)
    except UnverifiableError as error:
        start = f"{whole[0].upper()}{whole[1:]} cannot be validated."
        yield ValidationError(name, place.type, "ValidationError", f"{start} {error}")
    else:
        for violation in violations:
            text = f"alue of the {whole} does not conform to the definition. {violation.text}"
            yield _incorrect(place, name, f"V{text}", f"The v{text}")


def _incorrect(place: Place, name: str, details: str, public: str) -> ValidationError:
    return ValidationError(name, place.type, INCORRECT, details, public if place.is_public else INTERNAL)
