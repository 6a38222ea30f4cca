"""Read what the operator set, and say clearly what is missing or wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def read_environment() -> environ.Env:
    """Return the environment, filled up from ``.env`` and from what ``./run`` made.

    The real environment wins over ``.env``, and ``.env`` over ``var/demo.env``, which
    ``./run`` writes for the demo shop so that every ``manage.py`` command speaks to it. Tests set
    WAYBILL_IGNORE_ENV_FILES, and then neither file counts.
    """
    env = environ.Env()
    if env.bool("WAYBILL_IGNORE_ENV_FILES", default=False):
        return env
    for file in (BASE_DIR / ".env", BASE_DIR / "var" / "demo.env"):
        if file.is_file():
            env.read_env(str(file), overwrite=False)
    return env


def required(env: environ.Env, name: str, *, why: str) -> str:
    """Return a setting that production cannot do without.

    Raises ImproperlyConfigured, with the variable's name and what it is for, when it is
    missing or empty.
    """
    value = env.str(name, default="").strip()
    if not value:
        raise ImproperlyConfigured(f"Set {name}: {why} (see .env.example).")
    return value


def read_seller(env: environ.Env, shop_name: str) -> dict[str, object]:
    """Return who sells, as it stands on invoices: SELLER_NAME, SELLER_ADDRESS (lines parted by ``|``), and so on.

    It is copied onto each paper when that is issued; a change shows on later ones only.
    """
    address = env.str("SELLER_ADDRESS", default="").split("|")
    return {
        "name": env.str("SELLER_NAME", default=shop_name),
        "lines": [line.strip() for line in address if line.strip()],
        "vat_number": env.str("SELLER_VAT_NUMBER", default=""),
        "registration": env.str("SELLER_REGISTRATION", default=""),
        "contact": env.str("SELLER_CONTACT", default=""),
    }


def read_pharmacy(env: environ.Env, country: str) -> dict[str, str] | None:
    """Return where the register of a shop that may sell medicines is to be looked at; None for other shops.

    PHARMACY_REGISTER_URL is the shop's own entry there, PHARMACY_COUNTRY whose register it is (two letters).
    Raises ImproperlyConfigured for an address without TLS: what nobody could alter on the way is what counts.
    """
    url = env.str("PHARMACY_REGISTER_URL", default="").strip()
    if url and not url.startswith("https://"):
        raise ImproperlyConfigured("PHARMACY_REGISTER_URL must begin with https://: the shop's entry in the register.")
    return {"url": url, "country": env.str("PHARMACY_COUNTRY", default=country).upper()} if url else None


def read_tracking(env: environ.Env) -> tuple[dict[str, dict[str, str]], int, int]:
    """Return the tracking services that have a key, by name; and CARRIER_POLL_SECONDS and CARRIER_LOOK_SECONDS.

    Without a webhook secret a service is asked all the same, and its webhooks are refused. The addresses are for a
    stand-in in development.
    """
    bases = {"aftership": "https://api.aftership.com", "easypost": "https://api.easypost.com/v2"}
    services = {
        name: {
            "key": env.str(f"{name.upper()}_API_KEY", default="").strip(),
            "webhook_secret": env.str(f"{name.upper()}_WEBHOOK_SECRET", default="").strip(),
            "base": env.str(f"{name.upper()}_API_BASE", default=base),
        }
        for name, base in bases.items()
    }
    in_use = {name: facts for name, facts in services.items() if facts["key"]}
    return in_use, env.int("CARRIER_POLL_SECONDS", default=4 * 3600), env.int("CARRIER_LOOK_SECONDS", default=30)


def read_database(env: environ.Env, folder: Path) -> dict[str, Any]:
    """Return the database that DATABASE_URL names; SQLite in ``folder`` where it is unset."""
    database: dict[str, Any] = env.db_url("DATABASE_URL", default=f"sqlite:///{folder / 'shop.sqlite3'}")
    database |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
    if database["ENGINE"].endswith("sqlite3"):
        # IMMEDIATE: a transaction that will write takes the lock at once and waits for its turn,
        # instead of failing at the first write. WAL: readers never wait for the writer.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
    else:
        # Of the few queries that every page asks (shop/prepared.py) the database keeps the plans.
        database["OPTIONS"] = {"prepare_threshold": 3} | database.get("OPTIONS", {})
    return database


def cache_in(redis_url: str, prefix: str) -> dict[str, Any]:
    """Return the cache: in Redis if it has an address, else in the database."""
    if not redis_url:
        return {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_entries"}
    return {
        "BACKEND": "config.cache.TolerantRedisCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": prefix,
        "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
    }


def iban(env: environ.Env, name: str) -> str:
    """Return an account number without its spaces; empty if it is not set.

    Raises ImproperlyConfigured for one that cannot be right (ISO 13616: the check digits), because
    customers would send their money to it.
    """
    value = env.str(name, default="").replace(" ", "").upper()
    is_formed = value.isascii() and value.isalnum() and 15 <= len(value) <= 34
    if value and not (is_formed and int("".join(str(int(one, 36)) for one in value[4:] + value[:4])) % 97 == 1):
        raise ImproperlyConfigured(f"{name} is no valid IBAN: its check digits do not fit. Copy it from your bank.")
    return value


def spoken(env: environ.Env, default: str, languages: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the languages that ``SHOP_LANGUAGES`` names, all where it is unset; the default one always."""
    wanted = {default, *env.list("SHOP_LANGUAGES", default=[code for code, _name in languages])}
    return [(code, name) for code, name in languages if code in wanted]


def log_lines(level: str) -> dict[str, Any]:
    """Return the settings of the log: a line each to the console. Libraries that tell much are asked to tell less."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {
            "stripe": {"level": "WARNING"},
            "kombu.connection": {"level": "ERROR"},
            "fontTools": {"level": "WARNING"},
        },
        "root": {"handlers": ["console"], "level": level},
    }
