"""Whom we call. Each link implements a port that a domain defines."""
