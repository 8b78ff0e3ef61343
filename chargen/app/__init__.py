"""Names that `dodo.py` and `pyproject.toml` of projects made by version 0.1 import; nothing else is here."""
