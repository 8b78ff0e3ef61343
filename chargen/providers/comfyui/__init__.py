"""ComfyUI on a machine of one's own: a model is a workflow file in the project. One folder, known to no other."""

from chargen.providers.comfyui.adapter import ComfyUIProvider

make = ComfyUIProvider
