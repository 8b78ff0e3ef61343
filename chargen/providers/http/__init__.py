"""What adapters to vendors' servers share: a key, an address, a client, and what a broken connection means."""
