"""The same in Python: which model answers, and what the two together cost in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from apimpolicy import Apim

QUESTION = {"model": "gpt", "messages": [{"role": "user", "content": "hello"}]}
USAGE = {"usage": {"prompt_tokens": 6, "completion_tokens": 4, "total_tokens": 10}}


@pytest.fixture
def chat(apim: Apim) -> Apim:
    apim.policy = "chat.xml"
    return apim


@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_second_model_helps_out(chat: Apim, status: int) -> None:
    chat.backend.answer(200, json=USAGE).answer(status, url="https://provisioned.*")
    started = chat.clock.now()
    result = chat.post("/chat/completions", json=QUESTION)
    assert result.status_code == 200
    assert [request.url.split("/")[2].split(".")[0] for request in chat.backend.requests] == [
        "provisioned",
        "pay-as-you-go",
    ]
    assert chat.clock.now() == started  # first-fast-retry: nobody waited


def test_a_wrong_question_is_not_asked_again(chat: Apim) -> None:
    chat.backend.answer(400)
    assert chat.post("/chat/completions", json=QUESTION).status_code == 400
    assert len(chat.backend.requests) == 1
