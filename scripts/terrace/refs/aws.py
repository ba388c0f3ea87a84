"""AWS, with the credentials that the process has: what its stores have in common, and Secrets Manager."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from uuid import uuid4

from terrace.errors import StoreError
from terrace.model.reference import Reference
from terrace.refs.stores import (
    Content,
    Kept,
    Key,
    UnavailableError,
    client_of,
    refuse_changed,
    refuse_version,
    with_values,
)

Answer = TypeVar("Answer")
PENDING = "terrace-pending"
"""The stage of a version in Secrets Manager that was written and is not the current one yet."""

_CURRENT = "AWSCURRENT"
TRIES = 10
_ABSENT = ("ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound")
_LATER = ("Throttling", "TooManyRequests", "InternalServiceError", "InternalServerError", "ServiceUnavailable")


class Aws:
    """One AWS service, with a client per region."""

    service = ""

    def __init__(self, *, endpoint: str = "", region: str = "", timeout: float = 5.0) -> None:
        self._endpoint, self._region, self._timeout = endpoint, region, timeout
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def ask(self, reference: Reference, what: Callable[[Any], Answer]) -> Answer:
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


class SecretsManager(Aws):
    """AWS Secrets Manager."""

    service = "secretsmanager"

    def fetch(self, reference: Reference) -> Content:
        """The secret's text."""
        return self.look(reference).content

    def look(self, reference: Reference) -> Kept:
        """The secret's text, and the id of its version."""
        asked = {"SecretId": reference.path}
        for name, parameter in (("VersionId", "version_id"), ("VersionStage", "version_stage")):
            if reference.parameter(parameter):
                asked[name] = reference.parameter(parameter)
        if len(asked) == 1:
            asked["VersionStage"] = _CURRENT
        answer = self.ask(reference, lambda client: client.get_secret_value(**asked))
        text = answer.get("SecretString")
        if not isinstance(text, str):
            raise StoreError(f"{reference}: the secret is binary, and no text", hint="Keep it as text, in base64.")
        return Kept(text, str(answer["VersionId"]))

    def put(self, reference: Reference, value: str) -> str:
        """A new version that becomes the current one; the one before keeps the stage AWSPREVIOUS."""
        return self.write(reference, {reference.key: value})

    def write(self, reference: Reference, values: Mapping[Key, str], was: Mapping[Key, str] | None = None) -> str:
        """A new version with these values, and everything beside them as it was, also when others write meanwhile.

        It is written beside the current one first. The stage AWSCURRENT is then moved from the version that was read,
        which is refused where that has it no longer.
        """
        refuse_version(reference)
        for _ in range(TRIES):
            try:
                kept = self.look(reference)
            except AbsentError:
                if was is not None:
                    raise
                with suppress(ExistsError):  # somebody made it since we looked
                    return self._created(reference, text_with("{}", reference, values))
                continue
            refuse_changed(reference, kept.content, was)
            version = self._pending(reference, text_with(kept.content, reference, values))
            if self._promoted(reference, kept.version, version):
                return version
            time.sleep(random.uniform(0, 0.2))  # so that those who write at once do not meet again
        raise UnavailableError(f"{reference}: others write there all the time", hint="Try again.")

    def _created(self, reference: Reference, text: str) -> str:
        answer = self.ask(reference, lambda client: client.create_secret(Name=reference.path, SecretString=text))
        return str(answer["VersionId"])

    def _pending(self, reference: Reference, text: str) -> str:
        """The id of a new version that is not the current one."""
        said = {"SecretId": reference.path, "ClientRequestToken": str(uuid4()), "VersionStages": [PENDING]}
        answer = self.ask(reference, lambda client: client.put_secret_value(**said, SecretString=text))
        return str(answer["VersionId"])

    def _promoted(self, reference: Reference, before: str, version: str) -> bool:
        """Whether a version is the current one now; not if `before` was not that any more."""
        said = {"SecretId": reference.path, "VersionStage": _CURRENT, "RemoveFromVersionId": before}
        try:
            self.ask(reference, lambda client: client.update_secret_version_stage(**said, MoveToVersionId=version))
        except InvalidError:
            # Refused for this reason alone, or for another one that would come again.
            if self.look(reference).version == before:
                raise
            return False
        return True


class AbsentError(StoreError):
    """There is nothing at the path."""


class InvalidError(StoreError):
    """AWS cannot do what was asked, as things are."""


class ExistsError(StoreError):
    """There is something at the path already."""


_KINDS: dict[str, type[StoreError]] = {
    "InvalidParameterException": InvalidError,
    "InvalidRequestException": InvalidError,
    "ParameterAlreadyExists": ExistsError,
    "ResourceExistsException": ExistsError,
}


def text_with(content: Content, reference: Reference, values: Mapping[Key, str]) -> str:
    changed = with_values(content, reference, values)
    if isinstance(changed, str):
        return changed
    import orjson

    return orjson.dumps(changed).decode()


def _told(reference: Reference, service: str, error: Any) -> StoreError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _ABSENT:
        hint = "Look at the name and the region."
        return AbsentError(f"{reference}: AWS {service} has nothing of that name or version", hint=hint)
    if status >= 500 or code.startswith(_LATER):
        return UnavailableError(f"{reference}: AWS {service} failed ({code})")
    kind = _KINDS.get(code, StoreError)
    return kind(f"{reference}: AWS {service} refuses ({code})", hint="Look at the policies of who asks.")
