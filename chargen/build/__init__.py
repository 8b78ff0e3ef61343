"""From a plan to pictures: one run, one image, sending, write-back."""
