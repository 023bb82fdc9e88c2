"""`python -m docs`: writes the generated pages; see `docs/generated.py`."""

from docs.generated import write  # type: ignore[import-not-found]

write()
