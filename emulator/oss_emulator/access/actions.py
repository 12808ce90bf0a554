"""The RAM actions that an operation requires in addition to its own or instead (A-11 … A-14, P-64).

Source: the tables of actions in "Authorization syntax and elements" of OSS. The actions of KMS and
of certificates are not required.
"""

from collections.abc import Mapping

OF_A_VERSION: Mapping[str, str] = {
    "oss:GetObject": "oss:GetObjectVersion",
    "oss:DeleteObject": "oss:DeleteObjectVersion",
    "oss:GetObjectAcl": "oss:GetObjectVersionAcl",
    "oss:PutObjectAcl": "oss:PutObjectVersionAcl",
    "oss:RestoreObject": "oss:RestoreObjectVersion",
    "oss:GetObjectTagging": "oss:GetObjectVersionTagging",
    "oss:PutObjectTagging": "oss:PutObjectVersionTagging",
    "oss:DeleteObjectTagging": "oss:DeleteObjectVersionTagging",
}
"""The actions that a request with a versionId requires instead (A-11)."""

TAGGING = "x-oss-tagging"
TAGGING_DIRECTIVE = "x-oss-tagging-directive"

_BYPASS_HEADER = "x-oss-bypass-governance-retention"
_BYPASS: Mapping[str, str] = {_BYPASS_HEADER: "oss:BypassGovernanceRetention"}
_BY_HEADER: Mapping[str, Mapping[str, str]] = {
    "oss:PutObject": {
        TAGGING: "oss:PutObjectTagging",
        TAGGING_DIRECTIVE: "oss:PutObjectTagging",
        "x-oss-object-worm-mode": "oss:PutObjectRetention",
        "x-oss-object-worm-retain-until-date": "oss:PutObjectRetention",
        "x-oss-object-worm-legal-hold": "oss:PutObjectLegalHold",
    },
    "oss:DeleteObject": _BYPASS,
    "oss:PutObjectRetention": _BYPASS,
}
"""The further actions that a header requires, by the action of the operation (P-64)."""


def required(
    action: str, headers: Mapping[str, str], version_id: str | None = None
) -> tuple[str, ...]:
    """Return the actions that a request requires, that of its operation first.

    `headers` are those that have an effect on the operation; `version_id` is that of the version
    which the request acts on, None for a request that names none.
    """
    own = action if version_id is None else OF_A_VERSION.get(action, action)
    known = _BY_HEADER.get(action)
    if known is None:
        return (own,)
    return (own, *dict.fromkeys(known[name] for name in known if _counts(name, headers)))


def _counts(name: str, headers: Mapping[str, str]) -> bool:
    """Whether a header requires an action; that of the bypass does so only if it is `true`."""
    return headers.get(name, "").lower() == "true" if name == _BYPASS_HEADER else name in headers


def required_of_source(headers: Mapping[str, str], version_id: str | None) -> tuple[str, ...]:
    """Return the actions that CopyObject and UploadPartCopy require on their source (A-13)."""
    actions = ["oss:GetObject"]
    if headers.get(TAGGING_DIRECTIVE, "").lower() == "copy":
        actions.append("oss:GetObjectTagging")
    if version_id is None:
        return tuple(actions)
    return tuple(OF_A_VERSION[action] for action in actions)


def resource(region: str, account: str, bucket: str, key: str = "") -> str:
    """Return the resource name of a bucket or an object; without a bucket that of the service."""
    name = f"{bucket or '*'}/{key}" if key else bucket or "*"
    return f"acs:oss:{region}:{account}:{name}"
