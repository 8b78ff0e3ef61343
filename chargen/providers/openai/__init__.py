"""OpenAI's Images API, and servers that speak it, through the official SDK."""
