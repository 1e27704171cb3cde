"""The stored form of parallel pairs: labels, shards and pair sets."""
