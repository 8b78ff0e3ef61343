"""The build of this project's images: `doit`, or `doit generated/chapters/ch01/img-01.png` for one of them."""

from chargen.doit_plugin import DOIT_CONFIG, task_images

__all__ = ["DOIT_CONFIG", "task_images"]
