"""Replaces the credentials that a command of `run` would inherit with the emulator's access key."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from oss_emulator.access.identity import AccessKey

_OF = "(?:ALIBABA_?CLOUD|ALICLOUD|ALIYUN|AWS|OSS|OSSUTIL)_"
_ID = re.compile(f"(?:{_OF})?ACCESS_KEY_ID|{_OF}ACCESS_KEY")
_SECRET = re.compile(f"(?:{_OF})?ACCESS_KEY_SECRET|{_OF}SECRET(?:_ACCESS)?_KEY")
_OTHER = re.compile(
    f"(?:{_OF})?SECURITY_TOKEN|{_OF}(?:"
    r"(?:SESSION|STS|BEARER)_TOKEN|(?:ASSUME_)?ROLE_\w+|OIDC_\w+|WEB_IDENTITY_\w+|"
    r"CONTAINER_(?:CREDENTIALS|AUTHORIZATION)_\w+|ECS_METADATA|ECS_ROLE_NAME|"
    r"(?:DEFAULT_)?PROFILE|(?:SHARED_)?CREDENTIALS?_\w+|CONFIG_FILE)"
)
"""Variables that the SDKs and commands of OSS, Alibaba Cloud and S3 read. The names without a
prefix are those of the `aliyun` command."""

_ALWAYS = (
    *("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    *("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"),
)
"""The variables that a command gets even if it inherits none."""

_SWITCHES: Mapping[str, str] = {
    "ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true",
    "ALIBABA_CLOUD_IGNORE_PROFILE": "TRUE",
    "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Variables that turn off sources of credentials: the home folder and the machine."""

_INI = (
    "ALIBABA_CLOUD_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "OSSUTIL_CONFIG_FILE",
)
_JSON = ("ALIBABA_CLOUD_CONFIG_FILE", "ALICLOUD_SHARED_CREDENTIALS_FILE")


def without(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that name no credentials."""
    kinds = (_ID, _SECRET, _OTHER)
    return {
        name: value
        for name, value in inherited.items()
        if not any(kind.fullmatch(name) for kind in kinds)
    }


def variables(
    key: AccessKey, region: str, inherited: Mapping[str, str], folder: Path
) -> dict[str, str]:
    """Return the variables with the key; files with it are written to `folder`.

    Inherited variables of other tools also get the key, since a program may need them.
    """
    profile = {"access_key_id": key.id, "access_key_secret": key.secret}
    ini, config = folder / "credentials.ini", folder / "config.json"
    settings = {
        "enable": "true",
        "type": "access_key",
        "region": region,
        **profile,
        "aws_access_key_id": key.id,
        "aws_secret_access_key": key.secret,
    }
    lines = ["[default]", *(f"{name} = {value}" for name, value in settings.items())]
    ini.write_text("\n".join(lines) + "\n", encoding="utf-8")
    profiles = [{"name": "default", "mode": "AK", "region_id": region, **profile}]
    document = {"current": "default", "profiles": profiles}
    config.write_text(json.dumps(document), encoding="utf-8")
    return {
        **dict.fromkeys(filter(_ID.fullmatch, (*inherited, *_ALWAYS)), key.id),
        **dict.fromkeys(filter(_SECRET.fullmatch, (*inherited, *_ALWAYS)), key.secret),
        **dict.fromkeys(_INI, str(ini)),
        **dict.fromkeys(_JSON, str(config)),
        **_SWITCHES,
    }
