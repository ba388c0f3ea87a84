"""The contract of `app`, an online ordering service: 163 values in 13 sections, as a real team would write it."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from terrace.contract import (
    EnvVar,
    Identifies,
    Live,
    MustDiffer,
    Owner,
    RequiredIn,
    SetBy,
    Since,
    Unit,
    service,
)

Host = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253), Identifies("host")]
Url = Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(/[a-z0-9/-]*)?$", max_length=500), Identifies("url")]
Email = Annotated[str, Field(pattern=r"^[a-z0-9._-]+@[a-z0-9.-]+$"), Identifies("email")]
Bucket = Annotated[str, Field(pattern=r"^[a-z0-9-]{3,63}$"), Identifies("bucket")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
Port = Annotated[int, Field(ge=1, le=65535)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[int, Field(ge=1), Unit("seconds")]
Milliseconds = Annotated[int, Field(ge=1), Unit("milliseconds")]
Minutes = Annotated[int, Field(ge=1, le=100_000), Unit("minutes")]
Days = Annotated[int, Field(ge=1, le=36_500), Unit("days")]
Bytes = Annotated[int, Field(ge=1, le=1 << 32), Unit("bytes")]
Cents = Annotated[int, Field(ge=0, le=10_000_000), Unit("cents")]
Count = Annotated[int, Field(ge=1, le=10_000_000)]


class Section(BaseModel):
    """A part of the configuration: only the keys that stand here."""

    model_config = ConfigDict(extra="forbid")


class Tls(Section):
    """How the service speaks TLS to its callers."""

    min_version: Literal["1.2", "1.3"]
    hsts_seconds: Seconds
    ciphers: list[str] = Field(min_length=1)


class Compression(Section):
    """Compression of responses."""

    enabled: bool
    min_bytes: Bytes
    level: int = Field(ge=1, le=9)
    content_types: list[str]


class Server(Section):
    """The HTTP server."""

    public_url: Annotated[Url, RequiredIn("production"), MustDiffer()]
    port: Annotated[Port, EnvVar("PORT")]
    workers: int = Field(ge=1, le=256)
    keep_alive_seconds: Seconds
    request_timeout_seconds: Seconds
    graceful_stop_seconds: Seconds
    max_body_bytes: Bytes
    debug: bool
    access_log: bool
    tls: Tls
    compression: Compression


class Primary(Section):
    """The database that takes writes."""

    host: Annotated[Host, RequiredIn("production"), MustDiffer()]
    port: Port
    name: Name
    user: Name
    tls_mode: Literal["require", "verify-ca", "verify-full"]


class Replica(Section):
    """The database that takes reads."""

    enabled: bool
    host: Annotated[Host, RequiredIn("production"), MustDiffer()]
    port: Port
    max_lag_seconds: Seconds


class Pool(Section):
    """Connections kept open."""

    min_size: Annotated[int, Field(ge=1, le=1000)]
    max_size: Annotated[int, Field(ge=1, le=1000)]
    acquire_timeout_seconds: Seconds
    idle_seconds: Seconds
    recycle_seconds: Seconds

    @model_validator(mode="after")
    def _smaller_first(self) -> Self:
        if self.min_size > self.max_size:
            raise ValueError("min_size is larger than max_size")
        return self


class Retry(Section):
    """How often, and how soon, something is tried again."""

    attempts: int = Field(ge=1, le=20)
    backoff_ms: Milliseconds


class Database(Section):
    """PostgreSQL."""

    primary: Primary
    replica: Replica
    pool: Pool
    statement_timeout_ms: Milliseconds
    slow_query_ms: Annotated[Milliseconds, Live()]
    retry: Retry


class Ttl(Section):
    """How long things stay in the cache."""

    menu_seconds: Seconds
    prices_seconds: Seconds
    sessions_seconds: Seconds
    search_seconds: Seconds


class LocalCache(Section):
    """The small cache inside each process."""

    enabled: bool
    max_entries: Count
    ttl_seconds: Seconds


class Cache(Section):
    """The shared cache."""

    host: Annotated[Host, RequiredIn("production"), MustDiffer()]
    port: Port
    database: int = Field(ge=0, le=15)
    namespace: Name
    ttl: Annotated[Ttl, Live()]
    max_entries: Count
    local: LocalCache


class Token(Section):
    """Lifetimes of tokens."""

    access_seconds: Seconds
    refresh_seconds: Seconds
    leeway_seconds: Annotated[int, Field(ge=0, le=300), Unit("seconds")]


class Session(Section):
    """Sessions of browsers."""

    cookie_name: Name
    same_site: Literal["lax", "strict"]
    idle_minutes: Minutes
    absolute_minutes: Minutes


class PasswordPolicy(Section):
    """What a password must be."""

    min_length: int = Field(ge=8, le=128)
    max_age_days: Days


class Lockout(Section):
    """What happens after failed attempts."""

    attempts: int = Field(ge=1, le=100)
    window_minutes: Minutes
    duration_minutes: Minutes


class Auth(Section):
    """Who may come in."""

    issuer: Annotated[Url, RequiredIn("production"), MustDiffer()]
    audience: Name
    algorithms: list[Literal["ES256", "ES384", "RS256", "RS384", "EdDSA"]] = Field(min_length=1)
    token: Token
    session: Session
    password: PasswordPolicy
    lockout: Lockout


class Relay(Section):
    """The relay that takes our mail."""

    host: Annotated[Host, RequiredIn("production"), MustDiffer()]
    port: Port
    start_tls: bool
    timeout_seconds: Seconds


class Templates(Section):
    """How mail looks."""

    theme: Name
    locale: Literal["en", "nl", "de", "fr", "es"]
    footer: Name


class Bounce(Section):
    """Where bounces are reported."""

    webhook_url: Annotated[Url, MustDiffer()]


class Mail(Section):
    """Mail to guests and staff."""

    relay: Relay
    sender: Email
    reply_to: Email
    templates: Templates
    batch_size: Count
    per_minute: Annotated[Count, Live()]
    bounce: Bounce


class Refund(Section):
    """Giving money back."""

    window_days: Days
    auto_approve_cents: Cents


class Payments(Section):
    """Taking money."""

    provider: Literal["adyen", "mollie", "stripe"]
    endpoint: Annotated[Url, RequiredIn("production"), MustDiffer()]
    merchant: Name
    currency: Literal["EUR", "GBP", "USD", "SEK", "DKK", "NOK", "CHF", "PLN"]
    methods: list[Name] = Field(min_length=1)
    capture_delay_hours: int = Field(ge=0, le=168)
    min_amount_cents: Cents
    max_amount_cents: Cents
    three_d_secure: bool
    refund: Refund
    retry: Retry


class Retention(Section):
    """How long files are kept."""

    receipts_days: Days
    exports_days: Days
    uploads_days: Days


class Storage(Section):
    """Object storage."""

    bucket: Annotated[Bucket, RequiredIn("production"), MustDiffer()]
    region: Literal["eu-central-1", "eu-west-1", "eu-north-1"]
    endpoint: Annotated[Url, MustDiffer()]
    prefix: Name
    multipart_bytes: Bytes
    presign_seconds: Seconds
    retention: Retention


class Logs(Section):
    """What is written down."""

    level: Literal["debug", "info", "warning", "error"]
    format: Literal["json", "text"]
    sample_rate: Share
    redact: list[str]


class Metrics(Section):
    """What is counted."""

    enabled: bool
    port: Port
    prefix: Name
    interval_seconds: Seconds


class Traces(Section):
    """What is followed."""

    endpoint: Annotated[Url, MustDiffer()]
    sample_rate: Annotated[Share, Live()]


class Errors(Section):
    """Where errors are reported."""

    project: Name
    sample_rate: Share


class Observability(Section):
    """Seeing what runs."""

    logs: Annotated[Logs, Live()]
    metrics: Metrics
    traces: Traces
    errors: Errors


class PerClient(Section):
    """Limits of one caller."""

    requests_per_minute: Annotated[Count, Unit("requests/minute")]
    burst: Count
    block_seconds: Seconds


class Uploads(Section):
    """Limits of uploads."""

    per_hour: Count
    max_bytes: Bytes
    types: list[str]


class Search(Section):
    """Limits of search."""

    per_minute: Count
    max_results: Count


class Limits(Section):
    """How much is too much."""

    requests_per_minute: Annotated[Count, Unit("requests/minute")]
    burst: Count
    per_client: PerClient
    uploads: Uploads
    search: Search


class Cors(Section):
    """Which sites may call from a browser."""

    origins: list[Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+$")]]
    methods: list[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]]
    headers: list[Name]
    max_age_seconds: Seconds
    credentials: bool


class Worker(Section):
    """One kind of background work."""

    concurrency: int = Field(ge=1, le=500)
    max_retries: int = Field(ge=0, le=100)
    timeout_seconds: Seconds


class Workers(Section):
    """The kinds of background work."""

    orders: Worker
    emails: Worker
    exports: Worker


class DeadLetter(Section):
    """What could not be worked off."""

    keep_days: Days
    alert_above: Count


class Queues(Section):
    """Background queues."""

    broker: Annotated[Host, RequiredIn("production"), MustDiffer()]
    port: Port
    virtual_host: Name
    prefetch: Count
    heartbeat_seconds: Seconds
    workers: Workers
    dead_letter: DeadLetter


class Tax(Section):
    """Value added tax, in percent."""

    mode: Literal["inclusive", "exclusive"]
    default_rate: float = Field(ge=0, le=100)
    reduced_rate: float = Field(ge=0, le=100)


class Kitchen(Section):
    """Screens and printers behind the counter."""

    display_refresh_seconds: Seconds
    late_after_minutes: Minutes
    stations: list[Name]


class Ordering(Section):
    """Taking orders."""

    lead_minutes: Minutes
    max_items: Count
    max_open_orders: Count
    cancel_window_minutes: Minutes
    rounding: Literal["half-even", "half-up"]
    tip_percentages: list[Annotated[int, Field(ge=0, le=100)]]
    service_fee_percent: float = Field(ge=0, le=50)
    tax: Annotated[Tax, Owner("finance")]
    kitchen: Kitchen


class Fee(Section):
    """What delivery costs."""

    base_cents: Cents
    per_km_cents: Cents
    free_above_cents: Cents


class Slots(Section):
    """When delivery can be booked."""

    minutes: Minutes
    per_slot: Count
    days_ahead: int = Field(ge=0, le=60)


class Delivery(Section):
    """Bringing orders home."""

    enabled: bool
    provider: Name
    dispatch_url: Annotated[Url, RequiredIn("production"), MustDiffer()]
    radius_km: float = Field(gt=0, le=500)
    min_order_cents: Cents
    fee: Fee
    slots: Slots
    contact: Email


class Config(Section):
    """The configuration of the ordering service."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=service(tenancy="pooled", owner="platform", version="1", description="Online ordering"),
    )

    server: Annotated[Server, SetBy("environment")]
    database: Annotated[Database, SetBy("environment"), Owner("data")]
    cache: Cache
    auth: Annotated[Auth, Owner("identity")]
    email: Mail
    payments: Annotated[Payments, Owner("finance")]
    storage: Storage
    observability: Annotated[Observability, SetBy("environment")]
    limits: Annotated[Limits, Live()]
    cors: Cors
    queues: Annotated[Queues, SetBy("environment")]
    ordering: Annotated[Ordering, Live()]
    delivery: Annotated[Delivery, Live(), Since("1")]
