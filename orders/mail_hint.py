"""Notice a mistyped mail domain, so that the confirmation arrives; a hint, never a refusal."""

from __future__ import annotations

# Where most people have their mail; whoever types one of these by a letter or two wrong has mistyped it.
WELL_KNOWN = (
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.co.uk", "live.com", "yahoo.com",
    "yahoo.co.uk", "icloud.com", "proton.me", "protonmail.com", "gmx.de", "gmx.net", "web.de", "t-online.de",
    "orange.fr", "laposte.net", "eircom.net", "btinternet.com", "aol.com",
    "mail.com", "email.com", "ymail.com",
)  # fmt: skip
# Shorter ones have too many honest neighbours: gmx.at is not gmx.de mistyped.
SHORTEST = 8
FARTHEST = 2


def likely_address(email: str) -> str:
    """Return the address that was probably meant; empty if the domain looks right, or like nothing known."""
    name, at, domain = email.strip().rpartition("@")
    domain = domain.lower()
    if not (name and at and domain) or domain in WELL_KNOWN:
        return ""
    near = [(_distance(domain, known), known) for known in WELL_KNOWN if len(known) >= SHORTEST]
    distance, known = min(near)
    # People rarely miss the first letter: two slips and another first letter are another name.
    is_slip = distance == 1 or (distance <= FARTHEST and domain[:1] == known[:1])
    return f"{name}@{known}" if is_slip else ""


def _distance(left: str, right: str) -> int:
    """Count the letters to change, add, drop or swap with their neighbour."""
    rows = [list(range(len(right) + 1))]
    for i, a in enumerate(left, start=1):
        row = [i]
        for j, b in enumerate(right, start=1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]
