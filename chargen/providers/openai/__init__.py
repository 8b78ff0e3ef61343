"""OpenAI's Images API, and servers that speak it. One folder, known to no other provider."""

from chargen.providers.openai.adapter import OpenAIProvider

make = OpenAIProvider
