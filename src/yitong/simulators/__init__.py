"""Processes that speak the real protocols of the outside world. They import no domain."""
