"""The table of models, and what follows from it: sizes, prices, routes, adaptation. Pure."""
