"""Forwards to `chargen.doit_plugin`."""

from chargen.doit_plugin import DOIT_CONFIG, task_images

__all__ = ["DOIT_CONFIG", "task_images"]
