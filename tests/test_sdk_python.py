"""The official OpenAI SDK for Python, against the scripted and the real model."""
import openai
import pytest

QUESTION = [{"role": "user", "content": "How many?"}]


@pytest.fixture
def client(scripted):
    return openai.OpenAI(base_url=scripted.url + "/v1", api_key=scripted.token, max_retries=0)


def test_chat(client):
    answer = client.chat.completions.create(model="normal", messages=QUESTION)

    assert answer.choices[0].message.content == "The answer is forty-two."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == 16


def test_chat_streamed(client):
    stream = client.chat.completions.create(model="normal", messages=QUESTION, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "The answer is forty-two."
    assert chunks[-1].usage.total_tokens == 16


def test_models(client):
    assert "normal" in [model.id for model in client.models.list()]
    assert client.models.retrieve("normal").id == "normal"


@pytest.mark.parametrize(("change", "error"), [
    ({"model": "absent"}, openai.NotFoundError),
    ({"messages": []}, openai.BadRequestError),
    ({"messages": [{"role": "wizard", "content": "hi"}]}, openai.BadRequestError),
    ({"temperature": "hot"}, openai.BadRequestError),
    ({"model": "status-429"}, openai.RateLimitError),
    ({"model": "status-500"}, openai.InternalServerError),
])
def test_error_classes(client, change, error):
    with pytest.raises(error) as raised:
        client.chat.completions.create(**{"model": "normal", "messages": QUESTION, **change})

    assert raised.value.message
    assert raised.value.request_id


def test_a_wrong_key_is_an_authentication_error(scripted):
    client = openai.OpenAI(base_url=scripted.url + "/v1", api_key="wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


@pytest.mark.model
def test_the_real_model_answers_plainly_without_retrieval(real):
    client = openai.OpenAI(base_url=real.url + "/v1", api_key=real.token)
    model = client.models.list().data[0].id
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Say hello."}], max_tokens=12,
                                            temperature=0, extra_body={"retrieval": {"enabled": False}})

    assert answer.choices[0].message.content.strip()
    assert answer.usage.completion_tokens <= 12
    assert answer.choices[0].finish_reason in ("stop", "length")


@pytest.mark.model
def test_the_real_model_streams_a_cited_answer(real):
    client = openai.OpenAI(base_url=real.url + "/v1", api_key=real.token)
    stream = client.chat.completions.create(model=client.models.list().data[0].id, stream=True,
                                            messages=[{"role": "user", "content": "Where is gitignore matching implemented?"}])
    chunks = list(stream)

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    last = [chunk for chunk in chunks if getattr(chunk, "retrieval_context", None)][-1]
    paths = [place["path"] for place in last.retrieval_context["citations"]]
    assert any("gitignore" in path for path in paths)
    assert any(path in text for path in paths)
