"""What a request claims: every form there is, half of one, none, and garbage."""

import hmac
from base64 import b64encode
from hashlib import sha256
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol.errors import OSSError, render
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import Claim, Place, Version, parse, place, verify

DATE, ISO, DAY, NOW = "Wed, 28 Dec 2022 10:27:41 GMT", "20221228T102741Z", "20221228", 1672223261.0
SCOPE = f"{DAY}/cn-hangzhou/oss/aliyun_v4_request"
V4 = f"OSS4-HMAC-SHA256 Credential=ak/{SCOPE},Signature=abc"


def request(
    authorization: str | None = None, query: str = "", date: str | None = DATE, **headers: str
) -> Request:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if authorization is not None:
        fields.append(("Authorization", authorization))
    if date is not None:
        fields.append(("Date", date))
    return Request.parse("GET", f"/b/k?{query}", fields, NOW)


def claimed(request: Request) -> Claim:
    claim = parse(request)
    assert claim is not None
    return claim


def refusal(request: Request) -> OSSError:
    with pytest.raises(OSSError) as caught:
        parse(request)
    return caught.value


def url(**changes: str | None) -> str:
    """The query of a V4 URL; None takes a parameter out of it."""
    parameters: dict[str, str | None] = {
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": f"ak/{SCOPE}",
        "x-oss-date": ISO,
        "x-oss-expires": "60",
        "x-oss-signature": "abc",
        **{f"x-oss-{name.replace('_', '-')}": value for name, value in changes.items()},
    }
    return "&".join(
        f"{name}={quote(value, safe='')}" for name, value in parameters.items() if value is not None
    )


# --- none


@pytest.mark.parametrize("query", ["", "acl", "x-oss-process=image/info", "security-token=t"])
def test_anonymous(query: str) -> None:
    assert place(request(query=query)) is None
    assert parse(request(query=query)) is None  # P-19


@pytest.mark.parametrize("query", ["Expires", "x-oss-signature=a", "OSSAccessKeyId=a"])
def test_place_of_what_is_not_valid(query: str) -> None:
    assert place(request(query=query)) is Place.URL
    assert place(request("nonsense", query)) is Place.HEADER


# --- each form


def test_v1_header() -> None:
    assert claimed(request("OSS ak:c2ln")) == Claim(
        Version.V1, Place.HEADER, "ak", "c2ln", None, DATE, NOW
    )


def test_v1_url() -> None:
    query = "OSSAccessKeyId=ak&Expires=1672223999&Signature=a%2Bb%3D&security-token=t%2F"
    assert claimed(request(query=query)) == Claim(
        Version.V1, Place.URL, "ak", "a+b=", "t/", "1672223999", expires_at=1672223999
    )


def test_v2_header() -> None:
    authorization = "OSS2 AccessKeyId:ak, AdditionalHeaders:Range;host, Signature:c2ln="
    assert claimed(request(authorization)) == Claim(
        Version.V2,
        Place.HEADER,
        "ak",
        "c2ln=",
        None,
        DATE,
        NOW,
        additional_headers=("host", "range"),
    )


def test_v2_url() -> None:
    query = (
        "x-oss-signature-version=OSS2&x-oss-access-key-id=ak&x-oss-expires=1672223999"
        "&x-oss-signature=c2ln%3D&x-oss-additional-headers=range"
    )
    assert claimed(request(query=query)) == Claim(
        Version.V2,
        Place.URL,
        "ak",
        "c2ln=",
        None,
        "1672223999",
        expires_at=1672223999,
        additional_headers=("range",),
    )


@pytest.mark.parametrize("comma", [",", ", ", " , "])
@pytest.mark.parametrize("signature_first", [False, True])
def test_v4_header_in_either_order(comma: str, signature_first: bool) -> None:
    parts = [f"Credential=ak/{SCOPE}", "AdditionalHeaders=abc;zabc", "Signature=abc"]
    if signature_first:
        parts.reverse()
    claim = claimed(request(f"OSS4-HMAC-SHA256 {comma.join(parts)}"))
    assert claim == Claim(
        Version.V4,
        Place.HEADER,
        "ak",
        "abc",
        None,
        DATE,
        NOW,
        additional_headers=("abc", "zabc"),
        day=DAY,
        region="cn-hangzhou",
        product="oss",
    )


def test_v4_url() -> None:
    assert claimed(request(query=url(security_token="t"), date=None)) == Claim(
        Version.V4,
        Place.URL,
        "ak",
        "abc",
        "t",
        ISO,
        NOW,
        NOW + 60,
        day=DAY,
        region="cn-hangzhou",
        product="oss",
    )


@pytest.mark.parametrize("authorization", ["OSS ak:c2ln", V4])
def test_x_oss_date_before_date(authorization: str) -> None:
    claim = claimed(request(authorization, date="Thu, 01 Jan 1970 00:00:00 GMT", x_oss_date=ISO))
    assert (claim.date, claim.signed_at) == (ISO, NOW)  # P-10, P-15
    claim = claimed(request(authorization, date=None, x_oss_date=DATE))
    assert (claim.date, claim.signed_at) == (DATE, NOW)  # so Node's V1


@pytest.mark.parametrize(
    ("authorization", "header", "token"),
    [
        ("OSS ak:c2ln", "x-oss-security-token", "t"),
        ("OSS ak:c2ln", "security-token", "t"),
        ("OSS2 AccessKeyId:ak,Signature:c2ln", "x-oss-security-token", "t"),
        (V4, "x-oss-security-token", "t"),
        (V4, "security-token", None),
    ],
)
def test_token(authorization: str, header: str, token: str | None) -> None:
    assert claimed(request(authorization, **{header: "t"})).token == token  # P-16


# --- both, or half of one


@pytest.mark.parametrize(
    "query", ["Expires=1", "Signature=a", "OSSAccessKeyId=a", "x-oss-signature=a", url()]
)
def test_in_both_places(query: str) -> None:
    error = refusal(request("OSS ak:c2ln", query))
    assert (error.code, error.status) == ("InvalidArgument", 400)


@pytest.mark.parametrize(
    ("authorization", "ec"),
    [
        ("", "0002-00000061"),
        ("OSS", "0002-00000062"),
        ("OSSxxx ak:c2ln", "0002-00000061"),
        ("oss ak:c2ln", "0002-00000061"),
        ("AWS ak:c2ln", "0002-00000061"),
        ("Bearer ak:c2ln", "0002-00000061"),
        ("OSS ak", "0002-00000062"),
        ("OSS :c2ln", "0002-00000063"),
        ("OSS ak:", "0002-00000063"),
        ("OSS2 AccessKeyId:ak", "0002-00000063"),
        ("OSS2 AccessKeyId:ak,Signature:c2ln,Signature:c2ln", "0002-00000104"),
        ("OSS2 AccessKeyId:ak,Signature:c2ln,UnknownKey:ABC", "0002-00000104"),
        ("OSS4-HMAC-SHA256", "0002-00000203"),
        ("OSS4-HMAC-SHA256 Signature=abc", "0002-00000202"),
        (f"OSS4-HMAC-SHA256 Credential=ak/{SCOPE}", "0002-00000202"),
        (f"OSS4-HMAC-SHA256 Credentialak/{SCOPE},Signature=abc", "0002-00000203"),
        (f"OSS4-HMAC-SHA256 Credential=/{SCOPE},Signature=abc", "0002-00000213"),
        (V4.replace("aliyun_v4_request", "abc"), "0002-00000213"),
        (V4.replace("/cn-hangzhou", ""), "0002-00000213"),
        (V4.replace(DAY, "2022-12-28"), "0002-00000212"),
        (V4.replace(DAY, "20221227"), "0002-00000212"),
    ],
)
def test_malformed_header(authorization: str, ec: str) -> None:
    error = refusal(request(authorization))
    assert (error.code, error.status, error.ec) == ("InvalidArgument", 400, ec)
    assert error.message == "Authorization header is invalid."


def test_wrong_product() -> None:
    error = refusal(request(V4.replace("/oss/", "/s3/")))
    assert (error.code, error.status, error.ec) == ("InvalidArgument", 400, "0002-00000227")
    assert error.message == "Invalid signing product in Authorization header."


@pytest.mark.parametrize(
    ("date", "ec"),
    [
        (None, "0002-00000503"),
        ("", "0002-00000503"),
        ("yesterday", "0002-00000502"),
        ("20221332T102741Z", "0002-00000502"),
        ("2022-12-28T10:27:41Z", "0002-00000502"),
        ("Wed, 32 Dec 2022 10:27:41 GMT", "0002-00000502"),
    ],
)
@pytest.mark.parametrize("authorization", ["OSS ak:c2ln", "OSS2 AccessKeyId:a,Signature:b", V4])
def test_no_date(authorization: str, date: str | None, ec: str) -> None:
    error = refusal(request(authorization, date=date))
    assert (error.code, error.status, error.ec) == ("AccessDenied", 403, ec)
    assert error.message == "OSS authentication requires a valid Date."


@pytest.mark.parametrize(
    ("query", "ec"),
    [
        ("OSSAccessKeyId=ak&Signature=a", "0002-00000067"),
        ("OSSAccessKeyId=ak&Signature=a&Expires=", "0002-00000068"),
        ("Expires=1&Signature=a", "0002-00000071"),
        ("OSSAccessKeyId&Expires=1&Signature=a", "0002-00000072"),
        ("OSSAccessKeyId=ak&Expires=1", "0002-00000074"),
        ("OSSAccessKeyId=ak&Expires=1&Signature=", "0002-00000075"),
    ],
)
def test_half_a_v1_url(query: str, ec: str) -> None:
    error = refusal(request(query=query))
    assert (error.code, error.status, error.ec) == ("AccessDenied", 403, ec)
    assert error.message == (
        "Query-string authentication requires the Signature, Expires and OSSAccessKeyId parameters"
    )


@pytest.mark.parametrize(
    ("name", "ec"),
    [
        ("x-oss-expires", "0002-00000113"),
        ("x-oss-access-key-id", "0002-00000115"),
        ("x-oss-signature", "0002-00000117"),
    ],
)
def test_half_a_v2_url(name: str, ec: str) -> None:
    whole = {"x-oss-access-key-id": "ak", "x-oss-expires": "1", "x-oss-signature": "a"}
    half = "&".join(f"{n}={v}" for n, v in whole.items() if n != name)
    error = refusal(request(query=f"x-oss-signature-version=OSS2&{half}"))
    assert (error.code, error.status, error.ec) == ("AccessDenied", 403, ec)
    assert name in error.message


@pytest.mark.parametrize("expires", ["abc", "-1", "1.5", " 1", "1_0", "١", "9" * 5000])
def test_expires_that_is_no_number(expires: str) -> None:
    value = quote(expires)
    for query in (
        f"OSSAccessKeyId=ak&Signature=a&Expires={value}",
        f"x-oss-signature-version=OSS2&x-oss-access-key-id=a&x-oss-signature=b&x-oss-expires={value}",
    ):
        error = refusal(request(query=query))
        assert (error.code, error.status, error.ec) == ("AccessDenied", 403, "0002-00000070")
        assert error.message == "Invalid date (should be seconds since epoch)."


@pytest.mark.parametrize(
    ("changes", "name", "ec"),
    [
        ({"signature_version": None}, "x-oss-signature-version", "0002-00000066"),
        ({"signature_version": "OSS3"}, "x-oss-signature-version", "0002-00000066"),
        ({"credential": None}, "x-oss-credential", "0002-00000217"),
        ({"credential": ""}, "x-oss-credential", "0002-00000218"),
        ({"credential": "ak"}, "x-oss-credential", "0002-00000224"),
        ({"credential": f"ak/{SCOPE}/more"}, "x-oss-credential", "0002-00000224"),
        ({"credential": f"ak/1{SCOPE}"}, "x-oss-credential", "0002-00000223"),
        ({"credential": f"ak/{SCOPE.replace('/oss/', '/s3/')}"}, "x-oss-credential", ""),
        ({"date": None}, "x-oss-date", ""),
        ({"date": "yesterday"}, "x-oss-date", ""),
        ({"signature": None}, "x-oss-signature", "0002-00000219"),
        ({"expires": None}, "x-oss-expires", "0002-00000215"),
        ({"expires": ""}, "x-oss-expires", "0002-00000216"),
        ({"expires": "0"}, "x-oss-expires", "0002-00000232"),
        ({"expires": "604801"}, "x-oss-expires", "0002-00000232"),
        ({"expires": "-5"}, "x-oss-expires", "0002-00000232"),
        ({"expires": "0006048009999999"}, "x-oss-expires", "0002-00000232"),
    ],
)
def test_malformed_v4_url(changes: dict[str, str | None], name: str, ec: str) -> None:
    error = refusal(request(query=url(**changes)))
    assert (error.code, error.status, error.ec) == ("InvalidArgument", 400, ec)
    assert error.details["ArgumentName"] == name


@pytest.mark.parametrize("expires", [1, 604800])
def test_edges_of_x_oss_expires(expires: int) -> None:
    assert claimed(request(query=url(expires=str(expires)))).expires_at == NOW + expires


# --- forms of clients that cannot run here


def test_go_v1_signs_v4_with_the_date_header() -> None:
    """P-15: no `x-oss-date`; the time of the string to sign is the `Date` header as it stands."""
    hashed = sha256(b"GET\n/b/k\n\n\n\nUNSIGNED-PAYLOAD").hexdigest()
    key = b"aliyun_v4sk"
    for part in SCOPE.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"OSS4-HMAC-SHA256\n{DATE}\n{SCOPE}\n{hashed}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    signed = request(f"OSS4-HMAC-SHA256 Credential=ak/{SCOPE},Signature={signature}")

    verify(claimed(signed), signed, "b", "k", "sk", "cn-hangzhou")


def test_java_v2_puts_blanks_after_commas() -> None:
    text = f"GET\n\n\n{DATE}\nrange:bytes=0-1\nrange\n%2Fb%2Fk?acl"
    signature = b64encode(hmac.digest(b"sk", text.encode(), "sha256")).decode()
    signed = request(
        f"OSS2 AccessKeyId:ak, AdditionalHeaders:range, Signature:{signature}",
        "acl",
        range="bytes=0-1",
    )

    verify(claimed(signed), signed, "b", "k", "sk", "any")


def test_v2_signs_the_date_and_goes_by_x_oss_date() -> None:
    earlier = "Wed, 28 Dec 2022 10:20:00 GMT"
    text = f"GET\n\n\n{earlier}\nx-oss-date:{DATE}\n\n%2Fb%2Fk"
    signature = b64encode(hmac.digest(b"sk", text.encode(), "sha256")).decode()
    credentials = f"OSS2 AccessKeyId:ak,Signature:{signature}"
    signed = request(credentials, date=earlier, x_oss_date=DATE)

    assert claimed(signed).signed_at == NOW
    verify(claimed(signed), signed, "b", "k", "sk", "any")


def test_header_values_are_trimmed_and_keep_their_bytes() -> None:
    """A value that is no UTF-8 arrives with surrogates; its bytes were signed."""
    text = f"GET\n\n\n{DATE}\n".encode() + b"x-oss-meta-a:\xff\xfe\n/b/k"
    signature = b64encode(hmac.digest(b"sk", text, "sha1")).decode()
    signed = request(f"OSS ak:{signature}", x_oss_meta_a="  \udcff\udcfe\t ")

    verify(claimed(signed), signed, "b", "k", "sk", "any")


@pytest.mark.parametrize("space", ["+", "%20"])
def test_a_space_in_the_query(space: str) -> None:
    """P-04: the two ways to write it are signed as one."""
    text = f"GET\n\n\n{DATE}\n\n%2Fb%2Fk?prefix=a%20b"
    signature = b64encode(hmac.digest(b"sk", text.encode(), "sha256")).decode()
    signed = request(f"OSS2 AccessKeyId:ak,Signature:{signature}", f"prefix=a{space}b")

    verify(claimed(signed), signed, "b", "k", "sk", "any")


# --- garbage


@pytest.mark.parametrize(
    "date", ["Fri, 31 Dec 9999 23:59:59 -1200", "Sat, 01 Jan 0100 00:00:00 +1400"]
)
@pytest.mark.parametrize("authorization", ["OSS ak:c2ln", V4])
def test_the_ends_of_time(authorization: str, date: str) -> None:
    never_anything_but_an_answer(request(authorization, date=date))


WORDS = st.sampled_from(
    ["OSS", "OSS2", "OSS4-HMAC-SHA256", "Credential=", "Signature", "AccessKeyId", "ak", DAY, SCOPE]
) | st.sampled_from(" ,;:=/\t\0\udcff")
GARBAGE = st.lists(WORDS, max_size=12).map("".join) | st.text(max_size=40)
DATES = st.sampled_from([DATE, ISO]) | st.text(max_size=30)


def never_anything_but_an_answer(request: Request) -> None:
    try:
        claim = parse(request)
        if claim is not None:
            verify(claim, request, "b", "k", "sk", "cn-hangzhou")
    except OSSError as error:
        answer = render(error, "GET", "0" * 24, "h")
    else:
        return
    assert answer.status in (400, 403)


@given(GARBAGE, DATES, st.none() | DATES, st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
def test_garbage_in_the_header(
    authorization: str, date: str, oss_date: str | None, more: dict[str, str]
) -> None:
    headers = {**more, "authorization": authorization, "date": date}
    if oss_date is not None:
        headers["x-oss-date"] = oss_date
    never_anything_but_an_answer(Request.parse("GET", "/b/k", headers.items(), NOW))


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "OSSAccessKeyId",
                "Expires",
                "Signature",
                "security-token",
                "x-oss-signature-version",
                "x-oss-access-key-id",
                "x-oss-additional-headers",
                "x-oss-credential",
                "x-oss-date",
                "x-oss-expires",
                "x-oss-signature",
            ]
        ),
        st.sampled_from(["OSS2", "OSS4-HMAC-SHA256", f"ak/{SCOPE}", ISO, "60", "1672223999"])
        | st.text(max_size=20),
    )
)
def test_garbage_in_the_url(query: dict[str, str]) -> None:
    encoded = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    never_anything_but_an_answer(Request.parse("GET", f"/b/k?{encoded}", [], NOW))


@given(st.text(max_size=60), st.text(max_size=10), st.text(max_size=20))
def test_garbage_around_a_well_formed_claim(query: str, bucket: str, key: str) -> None:
    for authorization in ("OSS ak:c2ln", "OSS2 AccessKeyId:ak,Signature:c2ln", V4):
        signed = request(authorization, query)
        try:
            claim = parse(signed)
        except OSSError:
            continue
        assert claim is not None
        with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
            verify(claim, signed, bucket, key, "sk", "cn-hangzhou")
