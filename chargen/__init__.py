"""chargen: an incremental build system for AI illustration."""

__version__ = "0.3.0"
