"""doit's commands as this program has them, named in a project's `pyproject.toml`; one command per file."""
