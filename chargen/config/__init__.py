"""The settings of a project, and where each of them stands."""
