"""Settings: from environment variables, files of secrets, and a TOML file; each has a default that works.

The order, strongest first: `CLOUDMETRICS_<NAME>`, its plain form where one is
customary (`PORT`, `DATABASE_URL`…), `CLOUDMETRICS_<NAME>_FILE` (a file that holds
a secret), the TOML file that `CLOUDMETRICS_CONFIG` names, the default.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal, cast

PREFIX = "CLOUDMETRICS_"
MINIMUM_SECRET = 32
ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


class SettingsError(Exception):
    """A setting that cannot be used; the message is one line that names it and says what it should be."""


def text(value: str) -> str:
    return value


def flag(value: str) -> bool:
    lowered = value.lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"0", "false", "no", "off"}:
        return False
    raise ValueError("0 or 1")


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isascii() or not value.isdecimal() or not lowest <= int(value) <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return int(value)

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return value.lower()

    return parse


def url(*schemes: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        scheme = value.partition(":")[0]
        if value and (scheme not in schemes or (scheme != "mailto" and f"{scheme}://" not in value)):
            starts = [f"{each}:" if each == "mailto" else f"{each}://" for each in schemes]
            raise ValueError("a URL that starts with " + " or ".join(starts))
        return value

    return parse


def address(value: str) -> str:
    if not value.isascii() or not ADDRESS.fullmatch(value):
        raise ValueError("an e-mail address, such as metrics@example.com")
    return value


def readable_file(value: str) -> str:
    if value and not os.access(value, os.R_OK):
        raise ValueError("the path of a file that can be read")
    return str(Path(value).absolute()) if value else ""


def secret(value: str) -> bytes:
    if value and len(value.encode()) < MINIMUM_SECRET:
        raise ValueError(f"at least {MINIMUM_SECRET} bytes long")
    return value.encode()


def networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part, strict=False) for part in value.replace(",", " ").split())
    except ValueError:
        raise ValueError("addresses or networks with commas between, such as 10.0.0.0/8,::1") from None


def secrets(value: str) -> tuple[bytes, ...]:
    return tuple(secret(each) for each in value.split())


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def setting(
    doc: str,
    parse: Callable[[str], Any],
    default: Any = MISSING,
    *,
    shown: str = "",
    plain: bool = False,
    file: bool = False,
) -> Any:
    """A field of Settings.

    `shown` is the default as the documentation tells it, `plain` says that the
    name counts without the prefix too, `file` that `…_FILE` may hold the value.
    """
    metadata = {"doc": doc, "parse": parse, "shown": shown, "plain": plain, "file": file}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, repr=False)
class Settings:
    """All settings of the service. docs/settings.md is tested against this class."""

    database_url: str = setting(
        "PostgreSQL 16 or later. Empty: `make run` starts its own.",
        url("postgresql", "postgres"),
        "",
        shown="embedded",
        plain=True,
        file=True,
    )
    redis_url: str = setting(
        "Redis 6.2 or later, or any node of a Redis Cluster. Empty: `make run` starts its own.",
        url("redis", "rediss", "unix"),
        "",
        shown="embedded",
        plain=True,
        file=True,
    )
    host: str = setting("The address that the server listens on.", text, "127.0.0.1")
    port: int = setting("The port that the server listens on.", whole(1, 65535), 8080, plain=True)
    base_url: str = setting(
        "The address under which clients reach the API, for links.",
        url("http", "https"),
        "",
        shown="http://HOST:PORT",
    )
    workers: int = setting("How many worker processes serve.", whole(1, 256), 0, shown="one per core")
    data_dir: Path = setting(  # noqa: RUF009
        "The folder of the embedded stores, logs and demo keys.", Path, Path(".data"), plain=True
    )
    environment: Literal["development", "production"] = setting(
        "`production` insists on a `secret_key`.", one_of("development", "production"), "development"
    )
    secret_key: bytes = setting(
        "At least 32 random bytes, from which the keys for hashing and signing are derived.",
        secret,
        b"",
        shown="made by `make run`",
        file=True,
    )
    token_key_generation: int = setting(
        "Raised by one, it replaces all keys that sign access tokens at once, as after a leak.",
        whole(0, 1_000_000),
        0,
    )
    outside_issuer: str = setting(
        "The issuer whose access tokens count beside our own, as it stands in their `iss`. Empty: none.",
        url("https", "http"),
        "",
        shown="none",
    )
    outside_audience: str = setting(
        "What must stand in the `aud` of the outside issuer's tokens.", text, "", shown="none"
    )
    previous_secret_keys: tuple[bytes, ...] = setting(
        "Secret keys of before, with spaces between: what was made with one of them is still recognised.",
        secrets,
        (),
        shown="none",
        file=True,
    )
    log_level: str = setting(
        "The least level that is logged.", one_of("debug", "info", "warning", "error"), "info"
    )
    metrics_token: bytes = setting(
        "At least 32 random bytes. Whoever sends them as a bearer token to `/metrics` sees how the queue of"
        " jobs stands, in Prometheus' format. Empty: nothing is there.",
        secret,
        b"",
        shown="none",
        file=True,
    )
    demo: bool = setting(
        "Whether the first start creates demo workspaces and traffic.", flag, True, plain=True
    )
    responses: Literal["enforce", "report"] = setting(
        "What becomes of a response that breaks the contract: a 500, or only a log line.",
        one_of("enforce", "report"),
        "",
        shown="enforce; in production report",
    )
    database_pool_size: int = setting("Connections to PostgreSQL per worker.", whole(1, 100), 4)
    rate_limits: bool = setting(
        "Whether requests are limited. Turn it off only to measure, such as in load tests.", flag, True
    )
    tls_certificate: str = setting(
        "A PEM file with the server's certificate and those between it and its authority. With one, the "
        "server speaks TLS 1.3 only.",
        readable_file,
        "",
        shown="none",
    )
    tls_key: str = setting("A PEM file with the certificate's private key.", readable_file, "", shown="none")
    require_tls: bool = setting(
        "Whether plain HTTP is refused, except by `/healthz` and `/readyz`. Behind a trusted proxy, "
        "`X-Forwarded-Proto` tells which it was.",
        flag,
        False,
    )
    security_contact: str = setting(
        "Where to report a weakness, as `/.well-known/security.txt` tells it.",
        url("mailto", "https"),
        "mailto:security@cloudmetrics.example",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        "The proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded` are believed.",
        networks,
        (),
        shown="none",
    )
    leak_report_keys_url: str = setting(
        "Where the public keys are that sign reports of leaked API keys (GitHub's partner protocol).",
        url("http", "https"),
        "https://api.github.com/meta/public_keys/secret_scanning",
    )
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = setting(
        "Networks of your own that webhooks may be sent to, besides public addresses.",
        networks,
        (),
        shown="none",
    )
    mail_from: str = setting("The sender of e-mail.", address, "cloudmetrics@localhost")
    smtp_host: str = setting(
        "The server that e-mail is sent through. Empty: it is written to `DATA_DIR/mail`.",
        text,
        "",
        shown="none",
    )
    smtp_port: int = setting("The port of that server.", whole(1, 65535), 587)
    smtp_security: Literal["starttls", "tls", "none"] = setting(
        "`starttls` after connecting (port 587), `tls` from the first byte (port 465), or `none`.",
        one_of("starttls", "tls", "none"),
        "starttls",
    )
    smtp_username: str = setting("The user to sign in as, if any.", text, "", shown="none")
    smtp_password: str = setting("The password of that user.", text, "", shown="none", file=True)

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Reads the settings. Raises SettingsError, one clear line, for the first that cannot be used."""
        table = read_table(environ.get(PREFIX + "CONFIG", ""))
        known = {each.name: each for each in fields(cls)}
        unknown = sorted(set(table) - set(known))
        if unknown:
            raise SettingsError(f"{environ[PREFIX + 'CONFIG']}: there is no setting `{unknown[0]}`.")
        given = {
            name: found for name, each in known.items() if (found := read(each, environ, table)) is not None
        }
        return cls(**given)

    def __post_init__(self) -> None:
        """Fills in the defaults that depend on other settings."""
        if self.environment == "production" and not self.secret_key:
            raise SettingsError(f"{PREFIX}SECRET_KEY must be set when {PREFIX}ENVIRONMENT is production.")
        if bool(self.outside_issuer) != bool(self.outside_audience):
            raise SettingsError(f"{PREFIX}OUTSIDE_ISSUER and {PREFIX}OUTSIDE_AUDIENCE must be set together.")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise SettingsError(f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY go together.")
        scheme = "https" if self.tls_certificate else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        completed = {
            "base_url": (self.base_url or f"{scheme}://{host}:{self.port}").rstrip("/"),
            "workers": self.workers or cores(),
            "responses": self.responses or ("report" if self.environment == "production" else "enforce"),
            "data_dir": self.data_dir.expanduser().absolute(),
        }
        for name, value in completed.items():
            object.__setattr__(self, name, value)

    def to_environ(self) -> dict[str, str]:
        """The settings as environment variables, so that a child process loads the same ones."""
        return {PREFIX + each.name.upper(): as_text(getattr(self, each.name)) for each in fields(self)}

    def __repr__(self) -> str:
        """Without values, because some are secret."""
        return "Settings(…)"


def read(each: "Field[Any]", environ: Mapping[str, str], table: Mapping[str, str]) -> Any:
    """The value of one setting from its strongest source, or None where nothing gives one."""
    name = each.name.upper()
    sources = [PREFIX + name, *([name] if each.metadata["plain"] else [])]
    found = next(((source, environ[source]) for source in sources if environ.get(source)), None)
    if found is None and each.metadata["file"] and (path := environ.get(f"{PREFIX}{name}_FILE")):
        found = (f"{PREFIX}{name}_FILE", read_secret(f"{PREFIX}{name}_FILE", path))
    if found is None and each.name in table:
        found = (each.name, table[each.name])
    if found is None:
        return None
    source, value = found
    try:
        return each.metadata["parse"](value.strip())
    except ValueError as error:
        raise SettingsError(f"{source} must be {error}.") from None


def read_secret(source: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{source} names {path}, which cannot be read: {reason(error)}.") from None


def read_table(path: str) -> dict[str, str]:
    """The TOML file of settings: flat, lower-case names."""
    if not path:
        return {}
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{PREFIX}CONFIG names {path}, which cannot be read: {reason(error)}.") from None
    for name, value in table.items():
        if not isinstance(value, str | int | bool):
            raise SettingsError(f"{path}: `{name}` must be a text, a whole number, true or false.")
    return {name: as_text(value) for name, value in table.items()}


def as_text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, tuple):
        # Secrets may hold commas, and networks take spaces as well.
        return " ".join(map(as_text, value))
    return value.decode() if isinstance(value, bytes) else str(value)


def reason(error: Exception) -> str:
    return cast("str", error.strerror) if isinstance(error, OSError) else str(error)
