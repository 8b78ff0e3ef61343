"""The build of this project's images: `doit`, or `doit generated/chapters/ch03/img-07.png`; see README.md."""

from chargen.doit_plugin import DOIT_CONFIG, task_images

__all__ = ["DOIT_CONFIG", "task_images"]
