"""One adapter per provider; none knows another."""
