"""How every client logs in to the brokers, and how a refused login is explained.

Invariants:

- TLS always checks the broker's certificate and the host name in it.
- A refusal becomes one line that names the cause and the fix, and holds no secret.
"""

import re
import ssl
from typing import Any

from streams.errors import OperationalError
from streams.settings import Settings

_UNVERIFIED = re.compile(r"certificate verify failed: ([^()]{1,200})")


def protocol(settings: Settings) -> str:
    """Kafka's name for the combination of SASL and TLS."""
    return ("SASL_" if settings.sasl_mechanism else "") + ("SSL" if settings.tls else "PLAINTEXT")


def password(settings: Settings) -> str:
    """The password in clear, for the client that sends it; empty if there is none."""
    return settings.sasl_password.get_secret_value() if settings.sasl_password else ""


def ssl_context(settings: Settings) -> ssl.SSLContext:
    """Make the TLS context that all clients use.

    Raises:
        OperationalError: the file of the CA, the certificate or the key cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
        if settings.tls_cert_file:
            # Without a password here, OpenSSL would ask for a passphrase on the terminal, and a
            # worker has no terminal.
            context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file, password="")
    except (OSError, ssl.SSLError) as error:
        raise OperationalError(
            f"the TLS files cannot be used: {error}",
            "check CLEANWIRE_TLS_CA_FILE, CLEANWIRE_TLS_CERT_FILE and CLEANWIRE_TLS_KEY_FILE",
        ) from None
    return context


def login_refused(settings: Settings, did: str = "refused") -> OperationalError:
    """Make the error of a failed login.

    Args:
        settings: what the client logged in with.
        did: what the broker did to the login. A broker may close the connection before the client
            has read its answer; then it is only known to have "hung up on" the login.
    """
    who = settings.sasl_username or "a client without one"
    how = f" by {settings.sasl_mechanism}" if settings.sasl_mechanism else ""
    # A broker that requires TLS also hangs up on a client without TLS: suggest CLEANWIRE_TLS too.
    also = "" if settings.tls or did == "refused" else ", and CLEANWIRE_TLS"
    return OperationalError(
        f"the broker at {settings.broker} {did} the login of {who}{how}",
        "check CLEANWIRE_SASL_MECHANISM, CLEANWIRE_SASL_USERNAME and CLEANWIRE_SASL_PASSWORD"
        + also,
    )


def certificate_refused(settings: Settings, error: BaseException) -> OperationalError | None:
    """Make the error of a certificate that is not trusted, or that has another host name in it.

    Returns:
        The error; None if `error` is not about a certificate.
    """
    found = _UNVERIFIED.search(str(error))
    if found is None:
        return None
    foreign = "ostname mismatch" in found[1] or "IP address mismatch" in found[1]
    return OperationalError(
        f"the certificate of the broker at {settings.broker} is refused: {found[1].rstrip(' .')}",
        "set CLEANWIRE_BROKER to a name in it, or get one with this name"
        if foreign
        else "set CLEANWIRE_TLS_CA_FILE to the CA that signed it",
    )


def login(settings: Settings) -> dict[str, Any]:
    """The arguments for SASL and TLS, which kafka-python and aiokafka call alike."""
    arguments: dict[str, Any] = {"security_protocol": protocol(settings)}
    if settings.tls:
        arguments["ssl_context"] = ssl_context(settings)
    if settings.sasl_mechanism:
        arguments |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": password(settings),
        }
    return arguments
