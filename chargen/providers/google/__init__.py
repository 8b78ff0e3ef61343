"""Google's Gemini image models. One folder, known to no other provider."""

from chargen.providers.google.adapter import GoogleProvider

make = GoogleProvider
