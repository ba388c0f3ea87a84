"""The contract of `backend`: the HTTP service behind menus, carts, checkout and the restaurants' own pages.

One process serves all restaurants (tenancy: pooled), so what a tenant sets takes effect without a restart.
`terrace schemas` makes the JSON Schemas from this file; docs/contracts.md says what each marker means.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from terrace.contract import (
    DeprecatedBy,
    EnvVar,
    Identifies,
    Live,
    MustDiffer,
    Owner,
    RequiredIn,
    Secret,
    SetBy,
    Since,
    Unit,
    service,
)

Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", max_length=253), Identifies("host")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$"), Identifies("url")]
Origin = Annotated[str, Field(pattern=r"^https?://[^\s/]+$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$"), Identifies("email")]
Network = Annotated[str, Field(pattern=r"^[0-9a-f.:]+/[0-9]{1,3}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[int, Field(ge=1), Unit("seconds")]
PerMinute = Annotated[int, Field(ge=1, le=100_000), Unit("requests/minute"), Live()]
# Money and logins hang on these: too short is always a mistake.
Credential = Annotated[SecretStr, Field(min_length=8), Secret()]


class Section(BaseModel):
    """What all sections have in common: no unknown keys, no guessing of types, no change after loading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Server(Section):
    """How the process listens, and the address the world knows it by."""

    public_url: Annotated[
        Url,
        RequiredIn("staging", "production"),
        MustDiffer(),
        Field(description="Address in links that we send out.", examples=["https://api.harbourkitchen.com"]),
    ]
    bind: Annotated[str, Field(description="Address to listen on.", examples=["0.0.0.0"])] = "0.0.0.0"
    port: Annotated[Port, EnvVar("PORT"), Field(description="Port to listen on.", examples=[8080])] = 8080
    workers: Annotated[int, Field(ge=1, le=64, description="Worker processes per pod.", examples=[4])] = 2
    request_timeout: Annotated[
        Seconds, Live(), Field(description="A request is cut off after this.", examples=[15])
    ] = 15
    shutdown_grace: Annotated[Seconds, Field(description="Time for open requests at shutdown.", examples=[25])] = 25
    max_body: Annotated[
        int, Field(ge=1024, le=52_428_800, description="Largest request body.", examples=[1_048_576]), Unit("bytes")
    ] = 1_048_576
    trusted_proxies: Annotated[
        list[Network], Field(description="Networks whose X-Forwarded-For is believed.", examples=[["10.40.0.0/16"]])
    ] = []
    debug: Annotated[bool, Field(description="Stack traces in responses; never where customers are.")] = False
    maintenance_message: Annotated[
        str | None,
        Live(),
        Field(max_length=200, description="Shown instead of the shop while set.", examples=["Back at 18:00."]),
    ] = None


class Database(Section):
    """PostgreSQL, which holds orders, menus and accounts."""

    host: Annotated[
        Host,
        RequiredIn("staging", "production"),
        MustDiffer(),
        EnvVar("DATABASE_HOST"),
        Field(description="Host of the primary.", examples=["orders-primary.db.svc.cluster.local"]),
    ]
    port: Annotated[Port, Field(description="Port of the primary.", examples=[5432])] = 5432
    name: Annotated[str, Field(min_length=1, max_length=63, description="Database name.", examples=["orders"])]
    user: Annotated[str, Field(min_length=1, max_length=63, description="Role to log in as.", examples=["backend"])]
    password: Annotated[Credential, Field(description="Password of that role.")]
    tls: Annotated[
        Literal["disable", "require", "verify-full"], Field(description="How far the server's certificate is checked.")
    ] = "verify-full"
    replicas: Annotated[
        list[Host],
        Field(description="Hosts for reads that may be stale.", examples=[["orders-ro.db.svc.cluster.local"]]),
    ] = []
    pool_min: Annotated[int, Field(ge=0, le=200, description="Connections kept open.", examples=[2]), Live()] = 2
    pool_max: Annotated[int, Field(ge=1, le=200, description="Most connections per worker.", examples=[20]), Live()] = (
        10
    )
    pool_timeout: Annotated[Seconds, Live(), Field(description="Longest wait for a connection.", examples=[5])] = 5
    statement_timeout: Annotated[
        Seconds, Live(), Field(description="A query is cancelled after this.", examples=[10])
    ] = 10

    @model_validator(mode="after")
    def _pool_is_a_range(self) -> Self:
        if self.pool_min > self.pool_max:
            raise ValueError(f"pool_min ({self.pool_min}) is above pool_max ({self.pool_max})")
        return self


class Cache(Section):
    """Redis, which holds sessions and rendered menus. Losing it costs speed, never data."""

    host: Annotated[
        Host,
        RequiredIn("production"),
        MustDiffer(),
        Field(description="Host of the cache.", examples=["cache.platform.svc.cluster.local"]),
    ]
    port: Annotated[Port, Field(description="Port of the cache.", examples=[6379])] = 6379
    database: Annotated[int, Field(ge=0, le=15, description="Number of the logical database.", examples=[0])] = 0
    password: Annotated[SecretStr | None, Secret(), Field(description="Password, where the cache asks for one.")] = None
    tls: Annotated[bool, Field(description="Whether to connect through TLS.")] = True
    max_connections: Annotated[
        int, Field(ge=1, le=1000, description="Most connections per worker.", examples=[50]), Live()
    ] = 50
    menu_ttl: Annotated[Seconds, Live(), Field(description="How long a rendered menu is kept.", examples=[300])] = 300
    session_ttl: Annotated[Seconds, Live(), Field(description="How long an idle cart is kept.", examples=[7200])] = 7200


class Cookie(Section):
    """The cookie that holds a customer's session."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", description="Name.", examples=["hk_session"])] = (
        "hk_session"
    )
    domain: Annotated[
        str | None, Field(description="Domain, if wider than the host.", examples=["harbourkitchen.com"])
    ] = None
    secure: Annotated[bool, Field(description="Send it through https only.")] = True
    same_site: Annotated[
        Literal["strict", "lax", "none"], Field(description="When other sites' requests carry it.")
    ] = "lax"


class Auth(Section):
    """Who may log in, how, and for how long."""

    issuer: Annotated[
        Url,
        RequiredIn("production"),
        MustDiffer(),
        Field(description="Issuer in our tokens.", examples=["https://id.harbourkitchen.com"]),
    ]
    audience: Annotated[str, Field(min_length=1, description="Audience in our tokens.", examples=["ordering"])] = (
        "ordering"
    )
    signing_key: Annotated[
        SecretStr, Secret(), Field(min_length=32, description="Key that signs tokens; 32 bytes or more, as base64.")
    ]
    access_token_ttl: Annotated[Seconds, Live(), Field(description="Life of an access token.", examples=[900])] = 900
    refresh_token_ttl: Annotated[Seconds, Live(), Field(description="Life of a login.", examples=[2_592_000])] = (
        2_592_000
    )
    password_min_length: Annotated[
        int,
        Field(ge=8, le=64, description="Shortest password a customer may choose.", examples=[12]),
        Live(),
        SetBy("environment", "group", "tenant"),
    ] = 10
    lockout_attempts: Annotated[
        int, Field(ge=3, le=50, description="Failed logins before an account is locked.", examples=[8]), Live()
    ] = 8
    lockout_duration: Annotated[Seconds, Live(), Field(description="How long it stays locked.", examples=[900])] = 900
    staff_mfa: Annotated[
        Literal["off", "optional", "required"],
        Live(),
        SetBy("environment", "group", "tenant"),
        Field(description="Second factor for restaurant staff."),
    ] = "optional"
    cookie: Annotated[Cookie, Field(description="The session cookie.")] = Cookie()

    @model_validator(mode="after")
    def _a_login_outlives_its_tokens(self) -> Self:
        if self.refresh_token_ttl <= self.access_token_ttl:
            raise ValueError("refresh_token_ttl must be longer than access_token_ttl")
        return self


class Mail(Section):
    """Order confirmations and password resets."""

    smtp_host: Annotated[
        Host,
        RequiredIn("production"),
        MustDiffer(),
        SetBy("environment"),
        Field(description="Relay that takes our mail.", examples=["relay.mail.internal"]),
    ]
    smtp_port: Annotated[Port, SetBy("environment"), Field(description="Port of the relay.", examples=[587])] = 587
    smtp_user: Annotated[
        str | None, SetBy("environment"), Field(description="User at the relay.", examples=["backend"])
    ] = None
    smtp_password: Annotated[
        SecretStr | None, Secret(), SetBy("environment"), Field(description="Password of that user.")
    ] = None
    tls: Annotated[
        Literal["none", "starttls", "implicit"],
        SetBy("environment"),
        Field(description="Encryption towards the relay."),
    ] = "starttls"
    from_address: Annotated[
        Email,
        RequiredIn("production"),
        MustDiffer(),
        Field(description="Sender of what customers get.", examples=["orders@harbourkitchen.com"]),
    ]
    from_name: Annotated[
        str, Live(), Field(min_length=1, max_length=60, description="Sender's name.", examples=["Harbour Kitchen"])
    ] = "Harbour Kitchen"
    reply_to: Annotated[
        Email | None, Live(), Field(description="Where answers go.", examples=["hello@harbourkitchen.com"])
    ] = None
    daily_limit: Annotated[
        int,
        Field(ge=0, le=1_000_000, description="Most mails a day; 0 sends none.", examples=[50_000]),
        Unit("mails/day"),
        Live(),
        SetBy("environment", "group"),
    ] = 10_000


class Payments(Section):
    """Card payments through the provider, in the name of a restaurant or of the platform."""

    provider: Annotated[
        Literal["stripe", "adyen", "simulator"], SetBy("environment"), Field(description="Who takes the money.")
    ] = "stripe"
    mode: Annotated[
        Literal["test", "live"],
        RequiredIn("production"),
        SetBy("environment"),
        Field(description="Whether money really moves."),
    ] = "test"
    account_id: Annotated[
        str,
        Identifies("account"),
        RequiredIn("production"),
        MustDiffer(),
        Field(
            pattern=r"^acct_[A-Za-z0-9]{8,32}$", description="Account that is paid.", examples=["acct_1PqX7eHarbour42"]
        ),
    ]
    api_key: Annotated[Credential, Field(description="Key for the provider's API.")]
    webhook_secret: Annotated[Credential, Field(description="Proves that a webhook comes from the provider.")]
    currency: Annotated[
        Literal["EUR", "GBP", "USD", "SEK", "NOK", "DKK", "CHF"], Live(), Field(description="Currency of all prices.")
    ] = "EUR"
    methods: Annotated[
        list[Literal["card", "apple_pay", "google_pay", "ideal", "swish", "vipps", "invoice"]],
        Live(),
        Field(min_length=1, description="Ways to pay, as customers see them.", examples=[["card", "ideal"]]),
    ] = ["card"]
    capture: Annotated[Literal["automatic", "on_acceptance"], Live(), Field(description="When a card is charged.")] = (
        "on_acceptance"
    )
    platform_fee: Annotated[
        float,
        Field(ge=0, le=30, description="Our share of an order.", examples=[4.5]),
        Unit("percent"),
        Live(),
        SetBy("environment", "group"),
        Owner("finance"),
    ] = 6.0
    refund_window: Annotated[
        int, Field(ge=0, le=180, description="Days in which staff can refund.", examples=[30]), Unit("days"), Live()
    ] = 30
    timeout: Annotated[Seconds, SetBy("environment"), Live(), Field(description="Longest call.", examples=[8])] = 8
    retries: Annotated[
        int, SetBy("environment"), Live(), Field(ge=0, le=5, description="Tries after a lost call.", examples=[2])
    ] = 2


class Storage(Section):
    """Object storage for menu photographs and invoices; speaks S3."""

    endpoint: Annotated[
        Url,
        RequiredIn("production"),
        MustDiffer(),
        Field(description="Address of the S3 API.", examples=["https://objects.eu-north.internal"]),
    ]
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", description="Region.", examples=["eu-north-1"])] = (
        "eu-north-1"
    )
    bucket: Annotated[
        str,
        Identifies("bucket"),
        RequiredIn("production"),
        MustDiffer(),
        Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="Bucket.", examples=["hk-media-production"]),
    ]
    access_key_id: Annotated[
        str,
        Identifies("key_id"),
        RequiredIn("production"),
        MustDiffer(),
        Field(min_length=3, max_length=64, description="Public half of the access key.", examples=["HKBE7Q2M9X4T1R8W"]),
    ]
    secret_key: Annotated[Credential, Field(description="Secret half of the access key.")]
    path_style: Annotated[bool, Field(description="Bucket in the path instead of the host name; MinIO needs it.")] = (
        False
    )
    presign_ttl: Annotated[Seconds, Live(), Field(description="Life of an upload link.", examples=[600])] = 600
    max_upload: Annotated[
        int,
        Field(ge=1024, le=52_428_800, description="Largest photograph.", examples=[8_388_608]),
        Unit("bytes"),
        Live(),
    ] = 8_388_608
    image_formats: Annotated[
        list[Literal["jpeg", "png", "webp", "avif"]], Live(), Field(min_length=1, description="What may be uploaded.")
    ] = ["jpeg", "png", "webp"]


class Observability(Section):
    """Logs, traces and metrics."""

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Live(),
        EnvVar("LOG_LEVEL"),
        Field(description="Least severe message that is written."),
    ] = "info"
    log_format: Annotated[Literal["json", "console"], Field(description="Form of the log lines.")] = "json"
    trace_sample_rate: Annotated[
        float, Live(), Field(ge=0, le=1, description="Share of requests that are traced.", examples=[0.05])
    ] = 0.05
    otlp_endpoint: Annotated[
        Url | None,
        RequiredIn("production"),
        Field(description="Where traces go.", examples=["http://otel.observability.svc.cluster.local:4317"]),
    ] = None
    error_dsn: Annotated[SecretStr | None, Secret(), Field(description="Address, with key, of the error tracker.")] = (
        None
    )
    metrics_port: Annotated[Port, Field(description="Port of /metrics.", examples=[9090])] = 9090
    slow_request: Annotated[
        int,
        Field(ge=10, le=60_000, description="Slower requests are logged.", examples=[800]),
        Unit("milliseconds"),
        Live(),
    ] = 800
    labels: Annotated[
        dict[str, str], Field(description="Added to every log line and metric.", examples=[{"cluster": "fra-1"}])
    ] = {}


class RateLimits(Section):
    """How often somebody may ask, so that one restaurant's rush does not slow down the others."""

    enabled: Annotated[bool, Live(), SetBy("environment"), Field(description="Whether limits apply at all.")] = True
    per_ip: Annotated[PerMinute, Field(description="All requests of one address.", examples=[300])] = 300
    per_customer: Annotated[PerMinute, Field(description="All requests of one customer.", examples=[120])] = 120
    login: Annotated[PerMinute, SetBy("environment"), Field(description="Logins from one address.", examples=[10])] = 10
    checkout: Annotated[PerMinute, Field(description="Checkouts of one customer.", examples=[6])] = 6
    menu: Annotated[PerMinute, Field(description="Menu requests of one address.", examples=[600])] = 600
    burst: Annotated[
        float, Live(), Field(ge=1, le=10, description="How far a short rush may go above a limit.", examples=[2.0])
    ] = 2.0
    exempt_networks: Annotated[
        list[Network],
        Live(),
        SetBy("environment"),
        Field(description="Never limited: our own probes.", examples=[["10.40.0.0/16"]]),
    ] = []


class Cors(Section):
    """Which web pages may call the API from a browser."""

    origins: Annotated[
        list[Origin],
        Live(),
        Field(description="Pages that may call us.", examples=[["https://order.harbourkitchen.com"]]),
    ] = []
    methods: Annotated[
        list[Literal["GET", "POST", "PUT", "PATCH", "DELETE"]],
        SetBy("environment"),
        Field(min_length=1, description="Methods they may use."),
    ] = ["GET", "POST", "PUT", "DELETE"]
    headers: Annotated[
        list[str], SetBy("environment"), Field(description="Headers they may send.", examples=[["authorization"]])
    ] = ["authorization", "content-type", "idempotency-key"]
    credentials: Annotated[bool, SetBy("environment"), Field(description="Whether cookies come along.")] = True
    max_age: Annotated[
        Seconds,
        SetBy("environment"),
        Field(le=86_400, description="How long a browser keeps the answer.", examples=[600]),
    ] = 600


class Queue(Section):
    """One background queue of the backend."""

    concurrency: Annotated[int, Live(), Field(ge=1, le=64, description="Jobs at a time.", examples=[4])] = 4
    timeout: Annotated[Seconds, Live(), Field(description="A job is stopped after this.", examples=[60])] = 60
    max_attempts: Annotated[
        int, Live(), Field(ge=1, le=25, description="Tries before it is set aside.", examples=[5])
    ] = 5
    backoff: Annotated[
        Seconds, Live(), Field(description="Wait before the second try; doubles after.", examples=[10])
    ] = 10
    priority: Annotated[Literal["low", "normal", "high"], Live(), Field(description="Who goes first.")] = "normal"


class Ordering(Section):
    """The rules of an order; most restaurants have their own."""

    accept_orders: Annotated[bool, Field(description="The big switch of a restaurant.")] = True
    auto_accept: Annotated[bool, Field(description="Accept without a tap in the kitchen.")] = False
    lead_time: Annotated[
        int,
        Field(ge=0, le=2880, description="Shortest time from order to pickup.", examples=[30]),
        Unit("minutes"),
        Since("3.0"),
    ] = 30
    prep_minutes: Annotated[
        int | None,
        Field(ge=0, le=2880, deprecated=True, description="The old name of lead_time.", examples=[30]),
        Unit("minutes"),
        DeprecatedBy("ordering.lead_time"),
    ] = None
    slot_length: Annotated[
        int, Field(ge=5, le=120, multiple_of=5, description="Length of a pickup slot.", examples=[15]), Unit("minutes")
    ] = 15
    orders_per_slot: Annotated[int, Field(ge=1, le=500, description="What the kitchen can do.", examples=[12])] = 12
    days_ahead: Annotated[
        int, Field(ge=0, le=90, description="How early one may order.", examples=[7]), Unit("days")
    ] = 7
    max_items: Annotated[int, Field(ge=1, le=500, description="Most items in a cart.", examples=[60])] = 60
    minimum_order: Annotated[
        int, Field(ge=0, le=50_000, description="Smallest order.", examples=[1200]), Unit("minor units of the currency")
    ] = 0
    cancel_window: Annotated[
        int, Field(ge=0, le=120, description="How long a customer can cancel.", examples=[5]), Unit("minutes")
    ] = 5
    tips: Annotated[
        list[Annotated[int, Field(ge=0, le=50)]],
        Field(max_length=4, description="Tips offered.", examples=[[5, 10]]),
        Unit("percent"),
    ] = []


class Storefront(Section):
    """How a restaurant's pages look and speak."""

    title: Annotated[
        str, Field(min_length=1, max_length=80, description="Name at the top of the page.", examples=["Anchor & Thyme"])
    ] = "Harbour Kitchen"
    locale: Annotated[
        str, Field(pattern=r"^[a-z]{2}-[A-Z]{2}$", description="Language and region.", examples=["en-GB"])
    ] = "en-GB"
    timezone: Annotated[
        str,
        Field(
            pattern=r"^[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_]+)*$", description="Zone of all times.", examples=["Europe/Oslo"]
        ),
    ] = "Europe/Berlin"
    accent_color: Annotated[
        str, Field(pattern=r"^#[0-9a-f]{6}$", description="Colour of buttons.", examples=["#0b5d77"])
    ] = "#0b5d77"
    logo: Annotated[
        str | None, Field(description="Path of the logo in the bucket.", examples=["tenants/acme/logo.svg"])
    ] = None
    support_phone: Annotated[
        str | None, Field(pattern=r"^\+[0-9]{7,15}$", description="Number for guests.", examples=["+4721000000"])
    ] = None
    allergen_notice: Annotated[bool, Field(description="Ask for allergies before checkout.")] = True


class Config(Section):
    """Configuration of the backend of Harbour Kitchen."""

    model_config = ConfigDict(json_schema_extra=service(tenancy="pooled", owner="ordering", version="3.2.0"))

    server: Annotated[Server, SetBy("environment"), Owner("platform"), Field(description="How the process listens.")]
    database: Annotated[Database, SetBy("environment"), Owner("data"), Field(description="PostgreSQL.")]
    cache: Annotated[Cache, SetBy("environment"), Owner("platform"), Field(description="Redis.")]
    auth: Annotated[Auth, SetBy("environment"), Owner("identity"), Field(description="Logins and tokens.")]
    email: Annotated[Mail, Owner("messaging"), Field(description="Mail to customers.")]
    payments: Annotated[
        Payments, SetBy("environment", "tenant"), Owner("payments"), Field(description="Card payments.")
    ]
    storage: Annotated[Storage, SetBy("environment"), Owner("platform"), Field(description="Photographs and invoices.")]
    observability: Annotated[
        Observability, SetBy("environment"), Owner("platform"), Field(description="Logs, traces and metrics.")
    ] = Observability()
    rate_limits: Annotated[RateLimits, Owner("platform"), Field(description="How often somebody may ask.")] = (
        RateLimits()
    )
    cors: Annotated[Cors, Owner("web"), Field(description="Pages that may call the API.")] = Cors()
    queues: Annotated[
        dict[str, Queue], SetBy("environment"), Owner("ordering"), Field(description="Background queues, by name.")
    ] = {}
    ordering: Annotated[Ordering, Live(), Owner("ordering"), Field(description="The rules of an order.")] = Ordering()
    storefront: Annotated[Storefront, Live(), Owner("web"), Field(description="Look and language.")] = Storefront()
