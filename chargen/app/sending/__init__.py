"""What happens between "this image is to be made" and a reply: pacing, retries, budget, breaker; one for all providers.

`sender` puts the parts together; `departures` and `retrying` hold the rules, as pure code.
"""
