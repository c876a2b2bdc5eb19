import logging

import aiokafka.errors
import kafka.errors
import pytest

from streams.kafka.logged_errors import LOGIN_ERRORS, LoggedErrors, is_login_error

LIBRARIES = (aiokafka.errors, kafka.errors)


@pytest.mark.parametrize("name", sorted(LOGIN_ERRORS))
def test_each_login_error_is_one_of_a_library(name):
    found = [getattr(library, name) for library in LIBRARIES if hasattr(library, name)]
    assert found, f"no client library has {name}: see what it raises for a refused login now"
    assert all(is_login_error(kind("no")) for kind in found)


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_librarys_sasl_errors_are_login_errors(library):
    named = [
        kind
        for kind in vars(library).values()
        if isinstance(kind, type)
        and issubclass(kind, Exception)
        and ("Sasl" in kind.__name__ or "Authentication" in kind.__name__)
        and "Delegation" not in kind.__name__
    ]
    assert len(named) >= 3
    assert [kind for kind in named if not is_login_error(kind("no"))] == []


@pytest.mark.parametrize(
    "error", [None, OSError("no"), aiokafka.errors.KafkaConnectionError("no"), ValueError()]
)
def test_other_errors_are_none(error):
    assert not is_login_error(error)


def test_every_exception_in_the_arguments_of_a_log_record_is_told():
    heard = []
    log = logging.Logger("client")  # noqa: LOG001 - a logger of its own leaves no handler behind
    log.addHandler(LoggedErrors(heard.append))
    first, second = OSError("first"), ValueError("second")
    log.warning("no arguments")
    log.warning("%s then %s, %d times", first, second, 3)
    log.warning("%(a)s", {"a": 1})
    assert heard == [first, second]
