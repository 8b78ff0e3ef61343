"""From imagery files to a plan: scan, resolve, compose, facts, verdict, order, selection."""
