"""Google's Gemini image models through the official SDK."""
