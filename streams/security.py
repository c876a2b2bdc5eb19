"""How every client logs in to the brokers, and what it means that they refuse.

The rule here: TLS checks the broker's certificate and the name in it, always; and a refusal is one
line that names cause and fix, and holds no secret.
"""

import re
import ssl

from streams.faults import OperationError
from streams.settings import Settings

_UNVERIFIED = re.compile(r"certificate verify failed: ([^()]{1,200})")


def protocol(settings: Settings) -> str:
    """Kafka's name for the combination of SASL and TLS."""
    return ("SASL_" if settings.sasl_mechanism else "") + ("SSL" if settings.tls else "PLAINTEXT")


def password(settings: Settings) -> str:
    """The password, for the client that sends it; empty if there is none."""
    return settings.sasl_password.get_secret_value() if settings.sasl_password else ""


def ssl_context(settings: Settings) -> ssl.SSLContext:
    """The TLS context of all clients.

    Raises:
        OperationError: the files of CA, certificate or key cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
        if settings.tls_cert_file:
            # A passphrase would be asked for on the terminal, and a worker has none.
            context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file, password="")
    except (OSError, ssl.SSLError) as error:
        raise OperationError(
            f"the TLS files cannot be used: {error}",
            "check CLEANWIRE_TLS_CA_FILE, CLEANWIRE_TLS_CERT_FILE and CLEANWIRE_TLS_KEY_FILE",
        ) from None
    return context


def login_refused(settings: Settings, did: str = "refused") -> OperationError:
    """A login that failed; a client does not always see the answer before the hanging up."""
    who = settings.sasl_username or "a client without one"
    how = f" by {settings.sasl_mechanism}" if settings.sasl_mechanism else ""
    # So does one that is spoken to without TLS and wants it.
    also = "" if settings.tls or did == "refused" else ", and CLEANWIRE_TLS"
    return OperationError(
        f"the broker at {settings.broker} {did} the login of {who}{how}",
        "check CLEANWIRE_SASL_MECHANISM, CLEANWIRE_SASL_USERNAME and CLEANWIRE_SASL_PASSWORD"
        + also,
    )


def certificate_refused(settings: Settings, error: BaseException) -> OperationError | None:
    """A certificate that is not trusted, or has another name in it; None if it is no such error."""
    found = _UNVERIFIED.search(str(error))
    if found is None:
        return None
    foreign = "ostname mismatch" in found[1] or "IP address mismatch" in found[1]
    return OperationError(
        f"the certificate of the broker at {settings.broker} is refused: {found[1].rstrip(' .')}",
        "set CLEANWIRE_BROKER to a name in it, or get one with this name"
        if foreign
        else "set CLEANWIRE_TLS_CA_FILE to the CA that signed it",
    )
