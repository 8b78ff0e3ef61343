"""The pure part: values in, values out; no clock, environment, files, network, randomness or doit."""
