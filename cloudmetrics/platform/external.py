"""Stores that somebody else runs: can they be reached?"""

from urllib.parse import urlsplit

from cloudmetrics.platform.processes import StartupError

PATIENCE = 5


def check_database(url: str) -> None:
    """Raises StartupError when no session can be opened at the URL."""
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=PATIENCE).close()
    except psycopg.Error as error:
        raise unreachable("PostgreSQL", "DATABASE_URL", url, error) from None


def check_redis(url: str) -> None:
    """Raises StartupError when no Redis answers at the URL."""
    import redis

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise unreachable("Redis", "REDIS_URL", url, error) from None


def unreachable(name: str, setting: str, url: str, error: Exception) -> StartupError:
    """One line that names the host but never the password."""
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2] or parts.path
    why = str(error).strip().split("\n")[0]
    return StartupError(
        f"Cannot reach {name} at {where} ({why}); check {setting}, or unset it to use an embedded one."
    )
