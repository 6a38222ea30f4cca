"""Settings, read from the environment; ``.env.example`` documents each variable.

Without any, the shop runs for development only if DEBUG is set: SQLite in ``var/``, files
as the broker, mails kept in a folder. Production refuses to start without its secrets.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.environment import (
    BASE_DIR,
    cache_in,
    iban,
    log_lines,
    read_database,
    read_environment,
    read_pharmacy,
    read_seller,
    read_tracking,
    required,
    spoken,
)
from config.senders import mail_transport, read_inbound, read_senders

env = read_environment()

# --- Paths
# Everything the shop writes: database, broker files, uploads, mails kept for preview.
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
MEDIA_ROOT = VAR_DIR / "media"
MEDIA_URL = "/media/"
# Files of customers (photos of a defect). Never under MEDIA_ROOT: a view checks who may see them.
PRIVATE_ROOT = VAR_DIR / "private"
STATIC_ROOT = VAR_DIR / "static"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- Security
DEBUG = env.bool("DEBUG", default=False)
TESTING = env.bool("WAYBILL_TESTING", default=False)
if DEBUG:
    SECRET_KEY = env.str("SECRET_KEY", default="development-only-" + "k" * 40)
    FIELD_ENCRYPTION_KEY = env.str("FIELD_ENCRYPTION_KEY", default="ZGV2ZWxvcG1lbnQtb25seS1ub3QtYS1zZWNyZXQtMDE=")
else:
    SECRET_KEY = required(env, "SECRET_KEY", why="a long random text that signs sessions and links")
    FIELD_ENCRYPTION_KEY = required(
        env, "FIELD_ENCRYPTION_KEY", why="the Fernet key that supplier credentials rest under"
    )
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if DEBUG else [])
if not DEBUG and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("Set ALLOWED_HOSTS: the host names the shop answers to (see .env.example).")
# The address customers reach the shop at, for links in mails and for Stripe. No slash at the end.
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000" if DEBUG else f"https://{ALLOWED_HOSTS[0]}").rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL.startswith("https://") else []
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
# How many proxies of ours stand in front; only then is X-Forwarded-Proto believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
# Load balancers ask for health by address and without TLS.
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SESSION_COOKIE_NAME = "session" if DEBUG else "__Host-session"
CSRF_COOKIE_NAME = "csrftoken" if DEBUG else "__Host-csrftoken"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_ENGINE = "config.sessions"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Development and tests only: supplier and payment addresses on this machine (check --deploy flags it).
OUTBOUND_ALLOW_PRIVATE = env.bool("OUTBOUND_ALLOW_PRIVATE", default=False)
# A customer's request is small; photos are capped where they are received.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_PERMISSIONS = 0o600
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"

# --- Stripe. A stand-in answers at STRIPE_API_BASE in the demo and in tests; production refuses one.
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="").rstrip("/")
# Where the hosted pay page lives: the form on our page may redirect there.
STRIPE_PAY_ORIGIN = STRIPE_API_BASE or "https://checkout.stripe.com"
if DEBUG:
    STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="sk_test_sandbox_unset")
    STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="whsec_sandbox_unset")
else:
    STRIPE_SECRET_KEY = required(env, "STRIPE_SECRET_KEY", why="the secret key of the Stripe account")
    STRIPE_WEBHOOK_SECRET = required(
        env, "STRIPE_WEBHOOK_SECRET", why="the signing secret of the Stripe webhook endpoint"
    )
    if STRIPE_API_BASE:
        raise ImproperlyConfigured("Unset STRIPE_API_BASE: production speaks to Stripe itself, never to a sandbox.")
# The one version we speak, and that our webhook endpoint must be set to. It belongs to the pinned library.
STRIPE_API_VERSION = "2026-10-28.endive"
# Seconds. A web worker waits no longer than this for Stripe.
STRIPE_TIMEOUT_SECONDS = env.float("STRIPE_TIMEOUT_SECONDS", default=10)
# A Checkout Session lives at least 30 minutes (Stripe's rule); our Reservation outlives it a little.
CHECKOUT_SESSION_MINUTES = 35
# Orders that a person looks at before their money is taken; their holds are placed with the order.
# Goods on prescription: the pharmacist's decision comes first, and what is refused is never charged.
REVIEW_PRESCRIPTIONS = env.bool("REVIEW_PRESCRIPTIONS", default=True)
# From this total on, in minor units of the shop's currency; 0: never.
REVIEW_ABOVE_MINOR = env.int("REVIEW_ABOVE_MINOR", default=0)
# Countries (two letters) whose orders are looked at, whatever they cost.
REVIEW_COUNTRIES = env.list("REVIEW_COUNTRIES", default=[])
# How long a bank keeps money that is authorised, where Stripe does not say (for cards it does).
AUTHORISATION_DAYS = 7
# People are to decide this long before it lapses; an hour before, the shop lets the money go by itself.
DECIDE_BEFORE_HOURS, LET_GO_BEFORE_HOURS = 24, 1
# How long after a payment its fees are read, in seconds (Stripe knows them a moment after the money).
FEE_SECONDS = env.int("FEE_SECONDS", default=900)

# --- Bank transfer, off unless an IBAN is set. Staff note what arrives.
BANK_TRANSFER_IBAN = iban(env, "BANK_TRANSFER_IBAN")
BANK_TRANSFER_BIC = env.str("BANK_TRANSFER_BIC", default="")
BANK_TRANSFER_HOLDER = env.str("BANK_TRANSFER_HOLDER", default=env.str("SHOP_NAME", default="Larkfield"))
# Days to pay in; the goods are held for so long.
BANK_TRANSFER_DAYS = env.int("BANK_TRANSFER_DAYS", default=7)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF, STRIPE_PAY_ORIGIN],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Apps
INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "notifications",
    "support",
    "suppliers",
    "orders",
    "shop",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_countries",
    "phonenumber_field",
    "anymail",
    "csp",
]
if DEBUG or TESTING:
    INSTALLED_APPS.append("demo.apps.DemoConfig")
MIDDLEWARE = [
    # Before whatever may refuse a request, so that refusals carry the headers too.
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.HealthMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.DatabaseUnavailableMiddleware",
    "config.middleware.SessionMiddleware",
    "config.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.StaffSecondFactorMiddleware",
    "config.middleware.AskAgainMiddleware",
    "config.middleware.PrivatePagesMiddleware",
    "config.access.AccessMiddleware",
    "config.middleware.NoNulMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.context.shop_window",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

# --- Database
DATABASES = {"default": read_database(env, VAR_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Cache and broker
REDIS_URL = env.str("REDIS_URL", default="")
REDIS_KEY_PREFIX = env.str("REDIS_KEY_PREFIX", default="waybill")
CACHES = {"default": cache_in(REDIS_URL, REDIS_KEY_PREFIX)}
CELERY_BROKER_URL = REDIS_URL or "filesystem://"
CELERY_BROKER_FOLDER = VAR_DIR / "broker"
# Seconds a task may run where Celery can end one: in pools of processes. Ours are threads; there the time-outs of each
# call, and steps between which a lease is held on to, keep a task short.
CELERY_TASK_SOFT_TIME_LIMIT, CELERY_TASK_TIME_LIMIT = 90, 120

# --- Accounts
AUTH_USER_MODEL = "shop.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "orders:account"
ACCOUNT_LOGOUT_REDIRECT_URL = "shop:home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
# Without a password one signs in by a code that comes by mail.
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
# Our mails wait for their turn in a queue.
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
# One address per account; a new one counts once a mail to it is answered.
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# Not by a code in a mail: whoever has a forgotten session often has the mailbox too.
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.partition(":")[0]
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = env.str("SHOP_NAME", default="Larkfield")
# People in these groups may do harm with a stolen password: a second factor is mandatory unless DEBUG.
STAFF_ROLES = ("Store staff", "Support agents", "Pharmacists")

# --- Mail. Every mail becomes a row first; a task hands it to the transport.
EMAIL_BACKEND = "notifications.backend.QueueingBackend"
MAIL_FOLDER = VAR_DIR / "mail"
MAIL_TRANSPORT = mail_transport(env.str("EMAIL_URL", default=""), MAIL_FOLDER)
# Settings of mail providers (every ANYMAIL_X), and of text messages (notifications/sms.py).
ANYMAIL, SMS = read_senders(env, MAIL_TRANSPORT)
# Answers to our mails go to this address with a tag, and become messages in cases; empty: to DEFAULT_FROM_EMAIL.
REPLY_ADDRESS = env.str("REPLY_ADDRESS", default="")
HELP_ADDRESSES, INBOUND_IMAP = read_inbound(env)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Larkfield <hello@larkfield.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Languages and time
LANGUAGE_CODE = "en-gb"
# Of these, those that SHOP_LANGUAGES names; German's addresses begin with /de/ (docs/adr/0023).
LANGUAGES = spoken(env, LANGUAGE_CODE, [("en-gb", _("English")), ("de", _("German"))])
LOCALE_PATHS, FORMAT_MODULE_PATH = [BASE_DIR / "locale"], ["config.formats"]
TIME_ZONE = env.str("SHOP_TIME_ZONE", default="Europe/Dublin")
USE_TZ = True

# --- Static files: after collectstatic compressed, and named by their contents so that browsers keep them.
STATIC_COLLECTED = env.bool("STATIC_COLLECTED", default=not (DEBUG or TESTING))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PRIVATE_ROOT, "base_url": None},
    },
    "staticfiles": {
        "BACKEND": "config.static.RememberingStaticFilesStorage"
        if STATIC_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG and not STATIC_COLLECTED
WHITENOISE_MAX_AGE = 0 if WHITENOISE_USE_FINDERS else 31_536_000

# --- Logs: ids, never personal data or secrets.
LOGGING = log_lines(env.str("LOG_LEVEL", default="INFO"))

# --- The shop
SHOP_NAME = env.str("SHOP_NAME", default="Larkfield")
SHOP_CURRENCY = env.str("SHOP_CURRENCY", default="EUR")
SHOP_COUNTRY = env.str("SHOP_COUNTRY", default="IE")
# Who works out the tax: the table in the database, or orders.tax.StripeCalculator.
TAX_CALCULATOR = env.str("TAX_CALCULATOR", default="orders.tax.TableCalculator")
# Letters before every order number, as in LF-204182.
ORDER_PREFIX = env.str("ORDER_PREFIX", default="LF")
# Letters before the numbers of invoices and credit notes, as in INV-2026-00001; and who issues them.
PAPER_PREFIXES = {
    "invoice": env.str("INVOICE_PREFIX", default="INV"),
    "credit_note": env.str("CREDIT_NOTE_PREFIX", default="CN"),
}
SELLER = read_seller(env, SHOP_NAME)
# The shop's entry in the register of those who may sell medicines, linked from every page; None: it sells none.
PHARMACY = read_pharmacy(env, SHOP_COUNTRY)
# Seconds between payment and forwarding in which a customer may still change their mind; 0: none.
FORWARD_GRACE_SECONDS = env.int("FORWARD_GRACE_SECONDS", default=600)
# Seconds a supplier has to answer a cancellation; then a person asks.
CANCEL_ANSWER_SECONDS = env.int("CANCEL_ANSWER_SECONDS", default=48 * 3600)
# Hours a pharmacist has for goods that need an approval; then the work shows as late.
APPROVAL_HOURS = env.int("APPROVAL_HOURS", default=24)
# The hour (shop time) at which the nightly audit runs.
AUDIT_HOUR = env.int("AUDIT_HOUR", default=3)
# Hour from which the day's digest is written to the store's staff; -1: never.
DIGEST_HOUR = env.int("DIGEST_HOUR", default=7)
# Seconds in which an agent can take an answer back before it goes out; 0: it goes at once.
UNDO_SECONDS = env.int("UNDO_SECONDS", default=10)
# Days after the last parcel of an order has come in which its customer is asked for a review, once; 0: never.
REVIEW_REQUEST_DAYS = env.int("REVIEW_REQUEST_DAYS", default=7)
PHONENUMBER_DEFAULT_REGION = SHOP_COUNTRY
# What a later app adds to an earlier app's page; see shop/panels.py.
PANELS = "config.panels.PANELS"
# What opens a case by itself (support/causes.py): late, lost, rejected, returned, dispute; empty: nothing does.
AUTOMATIC_CASES = env.list("AUTOMATIC_CASES", default=["late", "lost", "rejected", "returned", "dispute"])
PLACES = "config.places.PLACES"
# What each app keeps about a person (shop/personal_data.py); what else than refunds by hand counts for their caps.
PERSONAL_DATA, ERASERS = "config.personal_data.PARTS", "config.personal_data.ERASERS"
SPENT_BY_PEOPLE = ["support.returning.spent.decided_minor"]
# How long it is kept who of us looked at whose data (shop/access.py).
ACCESS_LOG_DAYS = env.int("ACCESS_LOG_DAYS", default=365)
# What a person can do about each reason for work; see orders/remedies.py.
REMEDIES = "config.remedies.REMEDIES"

# --- Against card testing (orders/actions/defence.py); limits per hour, 0 switches one off.
# Pay pages opened and not paid: per visitor, e-mail address and basket; and per network (IPv4 /24, IPv6 /56).
PAY_PAGES_PER_VISITOR = env.int("PAY_PAGES_PER_VISITOR", default=5)
PAY_PAGES_PER_NETWORK = env.int("PAY_PAGES_PER_NETWORK", default=10)
# Cards refused on them, counted in the same ways; a pay page with the first number of them is ended.
CARD_DECLINES_PER_VISITOR = env.int("CARD_DECLINES_PER_VISITOR", default=8)
CARD_DECLINES_PER_NETWORK = env.int("CARD_DECLINES_PER_NETWORK", default=16)
# More than so many percent of the last cards refused, and everybody answers a question first.
CARD_CIRCUIT_PERCENT = env.int("CARD_CIRCUIT_PERCENT", default=30)
CARD_CIRCUIT_CARDS = env.int("CARD_CIRCUIT_CARDS", default=50)
# Seconds between opening the checkout and ordering in which nobody can have read it.
CHECKOUT_MIN_SECONDS = env.float("CHECKOUT_MIN_SECONDS", default=2)
# Seconds in which nobody can have typed a message to us.
CONTACT_MIN_SECONDS = env.float("CONTACT_MIN_SECONDS", default=3)
# Minor units of SHOP_CURRENCY. Nothing is sold for less: thieves try cards with cents.
SMALLEST_ORDER_MINOR = env.int("SMALLEST_ORDER_MINOR", default=100)

# --- The engine (design: the database is the queue of record). All in seconds.
# A row handed to Celery is offered again when nothing has taken it by then.
HAND_OVER_SECONDS = env.int("HAND_OVER_SECONDS", default=30)
# A taken row comes back when its worker has died. Longer than TOGETHER_SECONDS and two calls (a look-up, then
# the order).
LEASE_SECONDS = env.int("LEASE_SECONDS", default=75)
# First pause after a failure; doubles, with jitter, up to the second figure.
RETRY_SECONDS = env.int("RETRY_SECONDS", default=2)
RETRY_MAX_SECONDS = env.int("RETRY_MAX_SECONDS", default=900)
SUPPLIER_CONNECT_SECONDS = env.float("SUPPLIER_CONNECT_SECONDS", default=5)
SUPPLIER_READ_SECONDS = env.float("SUPPLIER_READ_SECONDS", default=30)
# Threads of a worker, which its suppliers share: as many as its --concurrency.
SUPPLIER_THREADS = env.int("SUPPLIER_THREADS", default=8)
# How long a worker may go on beginning calls for orders that it took together; each call comes on top of it.
TOGETHER_SECONDS = env.float("TOGETHER_SECONDS", default=2)
# A supplier that fails is left alone but for one probe every so often; what waited then comes back spread
# over at most WAKE_SECONDS. Failing longer than BREAKER_ALARM_SECONDS, it becomes work for a person.
PROBE_SECONDS = env.int("PROBE_SECONDS", default=30)
WAKE_SECONDS = env.int("WAKE_SECONDS", default=30)
BREAKER_ALARM_SECONDS = env.int("BREAKER_ALARM_SECONDS", default=900)
# A supplier order that is not placed by then is set aside for a person.
QUARANTINE_AFTER_SECONDS = env.int("QUARANTINE_AFTER_SECONDS", default=86_400)
# How long calls to suppliers are kept (redacted).
SUPPLIER_CALL_DAYS = env.int("SUPPLIER_CALL_DAYS", default=30)
# How often a supplier's orders and shipments are read, and its stock, whether or not webhooks work.
SUPPLIER_POLL_SECONDS = env.int("SUPPLIER_POLL_SECONDS", default=300)
SUPPLIER_STOCK_SECONDS = env.int("SUPPLIER_STOCK_SECONDS", default=900)
# News of other days wait for so long for others of the same order, to be one mail.
DELAY_SETTLE_SECONDS = env.int("DELAY_SETTLE_SECONDS", default=60)
# Who tells carriers' scans (none without a key), how often of a parcel on its way, and how often is looked what is due.
TRACKING_SERVICES, CARRIER_POLL_SECONDS, CARRIER_LOOK_SECONDS = read_tracking(env)
# How often the table of deadlines (config/deadlines.py) is gone over.
DEADLINE_SECONDS = env.int("DEADLINE_SECONDS", default=120)
# How often payments and refunds are compared with Stripe (webhooks may be lost), and unpaid orders looked at again.
RECONCILE_SECONDS = env.int("RECONCILE_SECONDS", default=900)
SETTLE_SWEEP_SECONDS = env.int("SETTLE_SWEEP_SECONDS", default=60)
UPLOAD_LIMIT_BYTES = 10 * 1024 * 1024
UPLOAD_LIMIT_FILES = 5
ORDER_LINK_LIFE = timedelta(days=400)
