"""The booking window under a flash crowd: exact, in batches, without Django. Begin with `docs/counter.md`."""
