"""The names of the cookies by which a browser is known."""

ACCOUNT_COOKIE = "yitong_session"
STAFF_COOKIE = "yitong_staff"
TERMINAL_COOKIE = "yitong_terminal"
