"""AWS Secrets Manager and the Systems Manager's parameters, with the credentials that the process has."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from terrace.errors import StoreError
from terrace.model.reference import Reference
from terrace.refs.stores import Content, UnavailableError, client_of, parsed, refuse_version, with_value

Answer = TypeVar("Answer")
_ABSENT = ("ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound")
_LATER = ("Throttling", "TooManyRequests", "InternalServiceError", "InternalServerError", "ServiceUnavailable")


class _Aws:
    """One AWS service, with a client per region."""

    service = ""

    def __init__(self, *, endpoint: str = "", region: str = "", timeout: float = 5.0) -> None:
        self._endpoint, self._region, self._timeout = endpoint, region, timeout
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def _ask(self, reference: Reference, what: Callable[[Any], Answer]) -> Answer:
        """The answer to one question, with the exceptions of the client as sentences that hold no value."""
        client = self._client(reference)
        from botocore import exceptions

        try:
            return what(client)
        except exceptions.ClientError as error:
            raise _told(reference, self.service, error) from None
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError):
            hint = "Give the process credentials: a role, a profile, or AWS_ACCESS_KEY_ID and its secret."
            raise StoreError(f"{reference}: there are no credentials for AWS", hint=hint) from None
        except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
            raise UnavailableError(
                f"{reference}: AWS {self.service} cannot be reached ({type(error).__name__})"
            ) from None
        except exceptions.BotoCoreError as error:
            raise StoreError(f"{reference}: AWS {self.service} was not asked ({type(error).__name__})") from None

    def _client(self, reference: Reference) -> Any:
        region = reference.parameter("region") or self._region
        with self._lock:
            if region not in self._clients:
                self._clients[region] = client_of("aws", lambda: self._made(region))
        return self._clients[region]

    def _made(self, region: str) -> Any:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        # One try each: the resolver repeats, for all stores alike.
        config = Config(connect_timeout=self._timeout, read_timeout=self._timeout, retries={"total_max_attempts": 1})
        try:
            # A session of its own: boto3's shared one is not safe among threads.
            return boto3.session.Session().client(
                self.service, region_name=region or None, endpoint_url=self._endpoint or None, config=config
            )
        except BotoCoreError as error:
            hint = "Name the region: ?region=eu-west-1, or AWS_DEFAULT_REGION."
            raise StoreError(f"AWS {self.service} cannot be asked ({type(error).__name__})", hint=hint) from None


class SecretsManager(_Aws):
    """AWS Secrets Manager."""

    service = "secretsmanager"

    def fetch(self, reference: Reference) -> Content:
        """The secret's text."""
        asked = {"SecretId": reference.path}
        for name, parameter in (("VersionId", "version_id"), ("VersionStage", "version_stage")):
            if reference.parameter(parameter):
                asked[name] = reference.parameter(parameter)
        answer = self._ask(reference, lambda client: client.get_secret_value(**asked))
        text = answer.get("SecretString")
        if not isinstance(text, str):
            raise StoreError(f"{reference}: the secret is binary, and no text", hint="Keep it as text, in base64.")
        return text

    def put(self, reference: Reference, value: str) -> str:
        """A new version that becomes the current one; the one before keeps the stage AWSPREVIOUS."""
        refuse_version(reference)
        try:
            text = _changed(reference, value, str(self.fetch(reference)) if reference.key else "")
            answer = self._ask(
                reference, lambda client: client.put_secret_value(SecretId=reference.path, SecretString=text)
            )
        except _AbsentError:
            text = _changed(reference, value, "{}")
            answer = self._ask(reference, lambda client: client.create_secret(Name=reference.path, SecretString=text))
        return str(answer["VersionId"])


class Parameters(_Aws):
    """Parameters of the AWS Systems Manager; new versions are of the encrypted kind."""

    service = "ssm"

    def fetch(self, reference: Reference) -> Content:
        """The parameter's value, decrypted."""
        version = reference.parameter("version")
        name = f"/{reference.path}:{version}" if version else f"/{reference.path}"
        answer = self._ask(reference, lambda client: client.get_parameter(Name=name, WithDecryption=True))
        return str(answer["Parameter"]["Value"])

    def put(self, reference: Reference, value: str) -> str:
        """A new version of the parameter."""
        refuse_version(reference)
        try:
            text = _changed(reference, value, str(self.fetch(reference)) if reference.key else "")
        except _AbsentError:
            text = _changed(reference, value, "{}")
        answer = self._ask(
            reference,
            lambda client: client.put_parameter(
                Name=f"/{reference.path}", Value=text, Type="SecureString", Overwrite=True
            ),
        )
        return str(answer["Version"])


class _AbsentError(StoreError):
    """There is nothing at the path."""


def _changed(reference: Reference, value: str, text: str) -> str:
    if not reference.key:
        return value
    import orjson

    return orjson.dumps(with_value(parsed(text, reference), reference.key, value)).decode()


def _told(reference: Reference, service: str, error: Any) -> StoreError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _ABSENT:
        hint = "Look at the name and the region."
        return _AbsentError(f"{reference}: AWS {service} has nothing of that name or version", hint=hint)
    if status >= 500 or code.startswith(_LATER):
        return UnavailableError(f"{reference}: AWS {service} failed ({code})")
    return StoreError(f"{reference}: AWS {service} refuses ({code})", hint="Look at the policies of who asks.")
