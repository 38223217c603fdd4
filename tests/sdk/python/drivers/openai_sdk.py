"""The OpenAI SDK: what its two APIs have in common."""

import base64
from typing import Any

import openai

from . import Failure

ERRORS = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
}


def options(url: str, key: str, retries: int) -> dict[str, Any]:
    return {"base_url": f"{url}/v1", "api_key": key, "max_retries": retries, "timeout": 60}


def data_url(image: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"


class Client:
    """A client of the gateway."""

    errors = ERRORS
    stream_error = openai.APIError

    def __init__(self, url: str, key: str, retries: int = 0) -> None:
        self.client = openai.OpenAI(**options(url, key, retries))

    def close(self) -> None:
        self.client.close()

    def models(self) -> list[str]:
        page = self.client.models.list()
        assert page.object == "list"
        for model in page:
            assert model.object == "model"
            assert model.created >= 0
            assert model.owned_by
        return [model.id for model in page]

    def failure(self, error: Exception) -> Failure:
        assert isinstance(error, openai.APIError), repr(error)
        response = getattr(error, "response", None)
        return Failure(
            type(error),
            getattr(error, "status_code", None),
            error.message,
            response.headers if response is not None else {},
        )

    def named_field(self, error: Exception) -> str | None:
        """The field that a 400 complains about."""
        return getattr(error, "param", None)
