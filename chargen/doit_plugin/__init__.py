"""doit on top of the program: what an author's `dodo.py` imports.

Knows doit; the rest of the program does not.
"""

from chargen.doit_plugin.config import DOIT_CONFIG
from chargen.doit_plugin.tasks import task_images

__all__ = ["DOIT_CONFIG", "task_images"]
