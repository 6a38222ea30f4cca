"""As on all other pages: “Sun 29 Nov 2026, 19:07”, and never “7:07 p.m.”."""

DATE_FORMAT = "D j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "D j M Y, H:i"
