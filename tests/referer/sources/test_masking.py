"""Secrets in shown text are masked, and the rest stays."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

from oss_referer.sources.masking import mask, mask_headers, mask_values

from tests.rows import rows


def code(said: str) -> str:
    return b64encode(said.encode()).decode()


POLICY = '{"conditions": [["eq", "$x-oss-security-token", "CAISfoo/bar+"], {"b": "é?>"}]}'
MASKED_POLICY = POLICY.replace("foo/bar+", "****")
ESCAPED = r'{"conditions": [{"x-oss-security-token": "CAIS\/foo\u002Bbar"}]} '  # as by PHP and .NET
ESCAPED += r'{"a": "{\u0022SecurityToken\u0022:\u0022CAIS\\\/foo\u0022}"}'
MASKED_ESCAPED = r'{"conditions": [{"x-oss-security-token": "CAIS****"}]} '
MASKED_ESCAPED += r'{"a": "{\u0022SecurityToken\u0022:\u0022CAIS****\u0022}"}'
BLANKS = ("", " ", "  ", "\n", "\n  ", "\r\n", "\t", " \n")
HEX = b"PUT\n\nx-oss-security-token:CAIStoken\n/b/k".hex(" ").upper()
MASKED_HEX = b"PUT\n\nx-oss-security-token:CAIS****\n/b/k".hex(" ").upper()


@rows(
    ("text", "masked"),
    ("/b/k?Expires=1&Signature=abcdefgh%3D&x=1", "/b/k?Expires=1&Signature=abcd****&x=1"),
    ("?x-oss-signature=01234567", "?x-oss-signature=0123****"),
    ("?X-Amz-Signature=01234567", "?X-Amz-Signature=0123****"),
    ("?security-token=CAIS%2Ffoo", "?security-token=CAIS****"),
    ("?x-oss-security-token=CAISfoo#a", "?x-oss-security-token=CAIS****#a"),
    ("?X-Amz-Security-Token=CAISfoo", "?X-Amz-Security-Token=CAIS****"),
    ("/?Action=A&SecurityToken=CAISfoo&A=1", "/?Action=A&SecurityToken=CAIS****&A=1"),
    ("/?OIDCToken=abcdefgh&a", "/?OIDCToken=abcd****&a"),
    ("/?Plaintext=a%26b%20secret&a", "/?Plaintext=a%26b%20****&a"),
    ("/?u=%3FPlaintext%3Da%2526secret%26a", "/?u=%3FPlaintext%3Da%2526se****%26a"),
    ("http://me:secret@a.test/b@c", "http://me:****@a.test/b@c"),
    ("http://me:a%2Fsecret@a.test/", "http://me:****@a.test/"),
    ("http://:a@b@a.test/", "http://:****@a.test/"),
    ("?u=http%3A%2F%2Fme%3Aa%252Fb%40a.test", "?u=http%3A%2F%2Fme%3A****%40a.test"),
    ("me:secret@a.test:443", "me:****@a.test:443"),
    ("The host 'me:secret@a.test' is odd.", "The host 'me:****@a.test' is odd."),
    ("PUT\n\ncookie:a=bcd; e=f\nhost:h", "PUT\n\ncookie:a=bc****\nhost:h"),
    ("x-oss-emulator-token:a b&c\n/b", "x-oss-emulator-token:a b&****\n/b"),
    ("<SecurityToken>CAISfoo</", "<SecurityToken>CAIS****</"),
    (
        code("<Error><Plaintext>abcdefgh</Plaintext></Error>"),
        code("<Error><Plaintext>abcd****</Plaintext></Error>"),
    ),
    ("?Signatur%65=abcdefgh", "?Signatur%65=abcd****"),
    ("?x%2Doss%2dsignature=abcdefgh", "?x%2Doss%2dsignature=abcd****"),
    ("?Signature=%41%42%43%44%45", "?Signature=%41%42%43%44****"),
    ("?Signature=abcd%2", "?Signature=abcd****"),
    ("?Signature=", "?Signature="),
    ("?Signature=abcdef%20gh&x", "?Signature=abcd****&x"),
    ("/?u=%3FSignature%3Dabcdefgh%26b", "/?u=%3FSignature%3Dabcd****%26b"),
    ("A%3D1%26SecurityToken%3DCAIS%252Fa%26B", "A%3D1%26SecurityToken%3DCAIS****%26B"),
    ("host:a\nx-acs-security-token:CAISfoo\nb:c", "host:a\nx-acs-security-token:CAIS****\nb:c"),
    ("/b/k%3FSignature=abcdefgh", "/b/k%3FSignature=abcd****"),
    ("?u=a%3Fx%26Signature=abcdefgh&b", "?u=a%3Fx%26Signature=abcd****&b"),
    ("?u=a?Signature%3Dabcdefgh%26b", "?u=a?Signature%3Dabcd****%26b"),
    ("?Signatur%2565%253Dabcdefgh%2526b", "?Signatur%2565%253Dabcd****%2526b"),
    ('{"Signature": "abcdefgh"}', '{"Signature": "abcd****"}'),
    ('"$x-oss-security-token", "CAISfoo"]', '"$x-oss-security-token", "CAIS****"]'),
    ("%22SecurityToken%22%3A%20%22abcdefgh%22", "%22SecurityToken%22%3A%20%22abcd****%22"),
    ("Signature: abcdefghijklmnop", "Signature: abcd****"),
    ("<SignatureProvided>abcdef</", "<SignatureProvided>abcd****</"),
    ('{\\"SecurityToken\\": \\"CAISfoo\\"}', '{\\"SecurityToken\\": \\"CAIS****\\"}'),
    ('{"Signature":"ab\\/cd\\/efgh"}', '{"Signature":"ab\\/c****"}'),
    ("&quot;Signature&quot;:&quot;abcdefg&quot;", "&quot;Signature&quot;:&quot;abcd****&quot;"),
    (f"<StringToSign>{code(POLICY)}</", f"<StringToSign>{code(MASKED_POLICY)}</"),
    (f"/?callback={quote(code(POLICY), '')}&a=%2F", f"/?callback={code(MASKED_POLICY)}&a=%2F"),
    (f"/?policy={code(ESCAPED)}", f"/?policy={code(MASKED_ESCAPED)}"),
    (f"?u=a%3Fpolicy%3D{code(POLICY)}", f"?u=a%3Fpolicy%3D{code(MASKED_POLICY)}"),
    (f"?u=a%253Fpolicy%253D{code(POLICY)}", f"?u=a%253Fpolicy%253D{code(MASKED_POLICY)}"),
    *((code(POLICY)[: 76 - cut], code(MASKED_POLICY[:57])) for cut in range(4)),
    *((code(blank + POLICY), code(blank + MASKED_POLICY)) for blank in BLANKS),
    (f"<StringToSignBytes>{HEX} </", f"<StringToSignBytes>{MASKED_HEX}</"),
)
def test_secret_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@rows(
    "text",
    "/b/signature.txt?x-oss-signature-version=OSS4-HMAC-SHA256&Expires=1",
    "/b/k?my-signature=abcdefgh&OSSAccessKeyId=STS.abcdefgh&tokens=abcdefgh",
    "The Signature: what was sent does not match.",
    "<StringToSignBytes>47 45 54 </StringToSignBytes>",
    "<StringToSignBytes>4 53 49 4</StringToSignBytes>",
    "/b/100%25?prefix=a%26b",
    code('{"expiration": "2025-01-01T00:00:00Z"}'),
    "eyJ" + "a_b+" * 20,
    "https://a.test:8080/b@c:d/?mail=a:b@c.test&e=%40%3A%2F#f",
    "http://user@a.test/",
    "x-oss-server-side-encryption-customer-key-md5: abcdefghijklmnopqrst",
    "/b/my%2Dsignature=abcdefgh?token=abcdefgh&signature-version=4",
)
def test_other_text_stays(text: str) -> None:
    assert mask(text) == text


def test_headers_are_masked() -> None:
    headers = {
        "authorization": "OSS4-HMAC-SHA256 Credential=a/20250101/b,Signature=01234567",
        "x-oss-security-token": "CAIS token",
        "referer": "http://a.test/?Signature=abcdefgh",
        "date": "now",
        "host": "me:secret@a.test",
        "cookie": "abcdefgh",
    }
    assert mask_headers(headers) == {
        "authorization": "OSS4-HMAC-SHA256 Credential=a/20250101/b,Signature=0123****",
        "x-oss-security-token": "CAIS****",
        "referer": "http://a.test/?Signature=abcd****",
        "date": "now",
        "host": "me:****@a.test",
        "cookie": "abcd****",
    }
    for value, shown in (
        ("OSS4-HMAC-SHA256 Credential=a, Signature = 01234567", "0123****"),
        ("OSS4-HMAC-SHA256 Credential=abcdefgh", "abcdefgh"),
        ("Bearer 01234567", "Bearer 0123****"),
        ("01234567", "0123****"),
    ):
        for name in ("authorization", "proxy-authorization"):
            assert mask_headers({name: value})[name].endswith(shown)
    assert mask_headers({"securitytoken": "01234567"}) == {"securitytoken": "0123****"}
    for scheme in ("OSS", "AWS"):
        masked = mask_headers({"authorization": f"{scheme} id:abcdefgh="})
        assert masked == {"authorization": f"{scheme} id:abcd****"}


def test_texts_in_values_are_masked() -> None:
    value = {"a": ["?Signature=abcdefgh", 1, None], "b": {"c": "d"}}
    assert mask_values(value) == {"a": ["?Signature=abcd****", 1, None], "b": {"c": "d"}}
