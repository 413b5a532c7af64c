"""What is done for a client while a backend is ill: retries, fallbacks, the circuit breaker, the provider's own wish."""
import itertools

import pytest
from support.models import KINDS, SERVER, assert_error, chat, fresh, gone
from support.server import wait_for
from support.sse import ChatStream, user
from support.upstream import WORDS

ANSWER = "".join(WORDS)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def serve(start, upstream):
    """serve(name, kind, ...more): a server with this one model, and `more` tables."""
    return lambda name, kind, more="", **entry: start(config=SERVER + upstream.model_table(name, backend=kind, **entry) + more)


def answered(server, name, stream=False):
    """Whether the model answered whole; otherwise it was a proper error."""
    if stream:
        got = ChatStream(server, user("hello", model=name))
        if got.status == 200:
            assert got.read().text == ANSWER and got.done
            return True
        got.close()
        return False
    status, headers, answer = chat(server, user("hello", model=name))
    if status == 200:
        assert answer["choices"][0]["message"]["content"] == ANSWER
        return True
    assert_error(answer)
    if status in (429, 503):
        assert int(headers["retry-after"]) >= 1
    return False


# ---- retries ----


@pytest.mark.parametrize("stream", [False, True])
def test_a_retry_answers_what_failed_twice(serve, upstream, kind, stream):
    name = fresh("flaky-2")
    assert answered(serve(name, kind, retries=2), name, stream)
    assert len(upstream.of(name).calls) == 3


def test_without_retries_the_first_failure_is_the_answer(serve, upstream, kind):
    name = fresh("flaky-2")
    assert not answered(serve(name, kind, retries=0), name)
    assert len(upstream.of(name).calls) == 1


def test_retries_come_to_an_end(serve, upstream, kind):
    name = fresh("flaky-9")
    assert not answered(serve(name, kind, retries=2), name)
    assert len(upstream.of(name).calls) == 3


def test_retries_are_not_sent_all_at_once(serve, upstream, kind):
    name = fresh("flaky-2")
    assert answered(serve(name, kind, retries=2), name)
    first, second, third = [call.began for call in upstream.of(name).calls]
    assert second - first > 0.01 and third - second > 0.01


@pytest.mark.parametrize("fault", ["cut-first", "error-first"])
def test_an_answer_that_breaks_before_its_first_token_is_retried(serve, upstream, kind, fault):
    name = fresh(fault)
    assert not answered(serve(name, kind, retries=1), name)
    assert len(upstream.of(name).calls) == 2


@pytest.mark.parametrize("fault", ["status-400", "status-401", "status-404"])
def test_what_a_retry_cannot_mend_is_not_retried(serve, upstream, kind, fault):
    name = fresh(fault)
    assert not answered(serve(name, kind, retries=2), name)
    assert len(upstream.of(name).calls) == 1


@pytest.mark.parametrize("fault", ["cut", "error"])
def test_after_the_first_token_nothing_is_asked_again(serve, upstream, kind, fault):
    """A client would see two beginnings, spliced."""
    name, other = fresh(fault), fresh("normal")
    server = serve(name, kind, upstream.model_table(other), retries=2, fallback=[other])
    stream = ChatStream(server, user("hello", model=name)).read()

    assert stream.text == "The answer " and stream.error and not stream.done
    assert len(upstream.of(name).calls) == 1
    assert len(upstream.of(other).calls) == 0


# ---- fallbacks ----


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("ill", "well"), list(itertools.product(KINDS, KINDS)))
def test_a_fallback_answers_in_any_dialect(serve, upstream, ill, well, stream):
    first, second = fresh("status-500"), fresh("normal")
    server = serve(first, ill, upstream.model_table(second, backend=well), retries=0, fallback=[second])

    assert answered(server, first, stream)
    assert len(upstream.of(first).calls) == 1
    assert len(upstream.of(second).calls) == 1


@pytest.mark.parametrize("fault", ["status-401", "status-429", "status-503", "html", "empty", "cut-first", "error-first"])
def test_what_makes_a_fallback_answer(serve, upstream, kind, fault):
    first, second = fresh(fault), fresh("normal")
    assert answered(serve(first, kind, upstream.model_table(second), retries=0, fallback=[second]), first)


def test_a_request_that_is_wrong_is_wrong_everywhere(serve, upstream, kind):
    first, second = fresh("status-400"), fresh("normal")
    server = serve(first, kind, upstream.model_table(second), fallback=[second])

    assert chat(server, user("hello", model=first))[0] == 400
    assert len(upstream.of(second).calls) == 0


def test_a_backend_that_hangs_has_a_fallback(serve, upstream, kind):
    first, second = fresh("hang"), fresh("normal")
    server = serve(first, kind, upstream.model_table(second), retries=0, fallback=[second], first_token_timeout_seconds=1)

    assert answered(server, first)
    assert upstream.of(first).left == 1


def test_fallbacks_are_tried_in_their_order(start, upstream):
    second, third, fourth = fresh("status-503"), fresh("normal"), fresh("normal")
    config = SERVER + gone("first", fallback=[second, third, fourth]) + upstream.model_table(second, retries=0) + upstream.model_table(third, fourth)

    assert answered(start(config=config), "first")
    assert [len(upstream.of(name).calls) for name in (second, third, fourth)] == [1, 1, 0]


# ---- the circuit breaker ----


def test_five_failures_close_the_door_and_a_good_answer_opens_it(serve, upstream, kind):
    name = fresh("flaky-5")
    server = serve(name, kind, retries=0)
    for _ in range(5):
        assert not answered(server, name)
    assert len(upstream.of(name).calls) == 5

    status, headers, answer = chat(server, user("hello", model=name))
    assert status == 503 and int(headers["retry-after"]) >= 1
    assert_error(answer)
    assert len(upstream.of(name).calls) == 5, "an ill backend is left in peace"

    wait_for(lambda: answered(server, name), 60, "the door to open again")
    assert len(upstream.of(name).calls) == 6
    assert all(answered(server, name) for _ in range(5)), "it stays open"


def test_a_good_answer_between_failures_starts_the_count_anew(serve, upstream, kind):
    name = fresh("flaky-4")
    server = serve(name, kind, retries=0)
    assert [answered(server, name) for _ in range(6)] == [False] * 4 + [True] * 2


def test_the_door_of_one_model_is_not_that_of_another(serve, upstream, kind):
    ill, well = fresh("status-500"), fresh("normal")
    server = serve(ill, kind, upstream.model_table(well, backend=kind), retries=0)
    for _ in range(8):
        assert not answered(server, ill)
    assert answered(server, well)


def test_the_clients_own_mistakes_do_not_close_the_door(serve, upstream, kind):
    name = fresh("status-400")
    server = serve(name, kind, retries=0)
    assert [chat(server, user("hello", model=name))[0] for _ in range(8)] == [400] * 8
    assert len(upstream.of(name).calls) == 8


def test_behind_a_closed_door_the_fallback_answers_at_once(serve, upstream, kind):
    first, second = fresh("status-500"), fresh("normal")
    server = serve(first, kind, upstream.model_table(second), retries=0, fallback=[second])

    assert all(answered(server, first) for _ in range(10))
    assert len(upstream.of(first).calls) == 5
    assert len(upstream.of(second).calls) == 10


# ---- what the provider asks for ----


def test_while_the_provider_wants_peace_no_request_reaches_it(serve, upstream, kind):
    name = fresh("flaky-1-429-2")
    server = serve(name, kind, retries=0)
    for _ in range(4):
        status, headers, answer = chat(server, user("hello", model=name))
        assert status == 429 and 1 <= int(headers["retry-after"]) <= 2
        assert assert_error(answer)["code"] == "rate_limit_exceeded"
        assert len(upstream.of(name).calls) == 1

    wait_for(lambda: answered(server, name), 30, "the provider to be asked again")
    first, second = upstream.of(name).calls
    assert second.began - first.began > 1.9


def test_a_retry_waits_as_long_as_the_provider_asked(serve, upstream, kind):
    name = fresh("flaky-1-429-1")
    server = serve(name, kind, retries=2)

    wait_for(lambda: answered(server, name), 30, "an answer")
    first, second = upstream.of(name).calls
    assert second.began - first.began > 0.95
