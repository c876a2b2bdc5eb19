"""A broker with TLS, logins and rights, and settings for its users."""

import contextlib
import dataclasses
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    UserScramCredentialUpsertion,
)

from helpers.harness import free_port
from streams.kafka import clients
from streams.settings import Settings
from streams.testing.broker import EmbeddedBroker

ALICE = "alice"
"""May do everything; every other user what is granted."""

RIGHT = "r1ght-s3cret"
"""Everybody's password."""

_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required "
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclasses.dataclass(frozen=True)
class Secured:
    """A broker's listeners, and what their users need.

    Attributes:
        broker: itself, to be stopped and started.
        inside: without TLS and login, for those who set up users and rights.
        tls: SASL_SSL; its certificate names 127.0.0.1 and nothing else.
        login: SASL_PLAINTEXT.
        mutual: SSL that asks for a certificate; the one who has it is alice.
        ca_file: the certificate of the CA that signed theirs.
        authority: that CA.
    """

    broker: EmbeddedBroker
    inside: str
    tls: str
    login: str
    mutual: str
    ca_file: Path
    authority: trustme.CA

    def settings(self, user=ALICE, **changes):
        """A user's settings, with SCRAM-SHA-512 over TLS."""
        more = {
            "broker": self.tls,
            "tls": True,
            "tls_ca_file": self.ca_file,
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": user,
            "sasl_password": RIGHT,
        }
        return Settings(**(more | changes))

    def set_password(self, user, password=RIGHT):
        """Give a user a password for SCRAM, or another one."""
        with clients.admin(Settings(broker=self.inside)) as admin:
            change = UserScramCredentialUpsertion(user, "SCRAM-SHA-512", password)
            assert admin.alter_user_scram_credentials([change]) == {user: None}

    def grant(self, user, resource, name, operations, *, prefixed=False):
        """Give a user rights to a topic, a group or the cluster."""
        pattern = ACLResourcePatternType.PREFIXED if prefixed else ACLResourcePatternType.LITERAL
        what = ResourcePattern(ResourceType[resource.upper()], name, pattern)
        allow = ACLPermissionType.ALLOW
        acls = [ACL(f"User:{user}", "*", ACLOperation[one], allow, what) for one in operations]
        with clients.admin(Settings(broker=self.inside)) as admin:
            assert not admin.create_acls(acls)["failed"]


@contextlib.contextmanager
def secured_broker(folder, users=()):
    """The broker, with alice and these users in it."""
    inside, controller, tls, login, mutual = (free_port() for _ in range(5))
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    keystore = folder / "broker.pem"
    keystore.write_bytes(pem_of(ca.issue_cert("127.0.0.1")))
    at = "127.0.0.1"
    properties = {
        "listeners": f"PLAINTEXT://{at}:{inside},CONTROLLER://{at}:{controller},"
        f"SECURED://{at}:{tls},LOGIN://{at}:{login},MUTUAL://{at}:{mutual}",
        "advertised.listeners": f"PLAINTEXT://{at}:{inside},SECURED://{at}:{tls},"
        f"LOGIN://{at}:{login},MUTUAL://{at}:{mutual}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "SECURED:SASL_SSL,LOGIN:SASL_PLAINTEXT,MUTUAL:SSL",
        "controller.quorum.bootstrap.servers": f"{at}:{controller}",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(keystore),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.mutual.ssl.principal.mapping.rules": f"RULE:^.*$/{ALICE}/",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:ANONYMOUS;User:{ALICE}",
    }
    passwords = " ".join(f'user_{user}="{RIGHT}"' for user in (ALICE, *users))
    for listener in ("secured", "login"):
        name = f"listener.name.{listener}"
        properties |= {
            f"{name}.plain.sasl.jaas.config": f"{_PLAIN}{passwords};",
            f"{name}.scram-sha-512.sasl.jaas.config": _SCRAM,
        }
    with EmbeddedBroker(folder / "kafka", port=inside, properties=properties) as broker:
        addresses = [f"{at}:{port}" for port in (inside, tls, login, mutual)]
        found = Secured(broker, *addresses, folder / "ca.pem", ca)
        for user in (ALICE, *users):
            found.set_password(user)
        yield found


def pem_of(certificate):
    """Key and chain in one file, as Kafka reads them: the key as PKCS #8."""
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain
