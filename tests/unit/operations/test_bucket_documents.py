"""Put, Get and Delete of configurations: what is refused and why, and what is answered."""

from __future__ import annotations

import pytest
from lxml import etree
from oss_emulator.documents import DOCUMENTS
from oss_emulator.documents.document import Document, Holder
from oss_emulator.protocol.errors import Code

from tests.unit.operations.service import Caller

CORS = "<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"
RULE = "<Rule><Prefix>a</Prefix><Status>Enabled</Status>%s</Rule>"
EXPIRE = "<Expiration><Days>%s</Days></Expiration>"
MOVE = "<Transition><Days>%s</Days><StorageClass>%s</StorageClass></Transition>"
ROUTE = "<RoutingRule><RuleNumber>%s</RuleNumber><Redirect>%s</Redirect></RoutingRule>"
SSE = "<ApplyServerSideEncryptionByDefault>%s</ApplyServerSideEncryptionByDefault>"
TAGS = "<TagSet>%s</TagSet>"
TAG = "<Tag><Key>%s</Key><Value>%s</Value></Tag>"


def many(element: str, number: int) -> str:
    return "".join(element.replace("%d", str(place)) for place in range(number))


# Root, sub-resource, content, and the code with the element or text that the error names.
REFUSED = [
    # CORS (PutBucketCors)
    ("CORSConfiguration", "cors", "", "MalformedXML", "CORSRule"),
    ("CORSConfiguration", "cors", "<CORSRule/>", "MalformedXML", "AllowedOrigin"),
    ("CORSConfiguration", "cors", f"<CORSRule>{CORS}<Other/></CORSRule>", "MalformedXML", "Other"),
    (
        "CORSConfiguration",
        "cors",
        "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PATCH</AllowedMethod></CORSRule>",
        "MalformedXML",
        "AllowedMethod",
    ),
    (
        "CORSConfiguration",
        "cors",
        f"<CORSRule>{CORS}<MaxAgeSeconds>-1</MaxAgeSeconds></CORSRule>",
        "InvalidArgument",
        "MaxAgeSeconds",
    ),
    (
        "CORSConfiguration",
        "cors",
        f"<CORSRule>{CORS}<MaxAgeSeconds>1h</MaxAgeSeconds></CORSRule>",
        "MalformedXML",
        "MaxAgeSeconds",
    ),
    (
        "CORSConfiguration",
        "cors",
        f"<CORSRule>{CORS}<AllowedOrigin>*.*</AllowedOrigin></CORSRule>",
        "InvalidArgument",
        "AllowedOrigin",
    ),
    (
        "CORSConfiguration",
        "cors",
        f"<CORSRule>{CORS}<ExposeHeader>x-*</ExposeHeader></CORSRule>",
        "InvalidArgument",
        "ExposeHeader",
    ),
    ("CORSConfiguration", "cors", f"<CORSRule>{CORS}</CORSRule>" * 21, "CORSRuleBeyondLimit", ""),
    # Lifecycle (PutBucketLifecycle)
    ("LifecycleConfiguration", "lifecycle", "", "MalformedXML", "Rule"),
    (
        "LifecycleConfiguration",
        "lifecycle",
        "<Rule><Status>On</Status></Rule>",
        "MalformedXML",
        "Status",
    ),
    ("LifecycleConfiguration", "lifecycle", RULE % (EXPIRE % 0), "InvalidArgument", "Days"),
    ("LifecycleConfiguration", "lifecycle", RULE % (EXPIRE % "x"), "MalformedXML", "Days"),
    (
        "LifecycleConfiguration",
        "lifecycle",
        RULE % "<Expiration></Expiration>",
        "MalformedXML",
        "Expiration",
    ),
    (
        "LifecycleConfiguration",
        "lifecycle",
        RULE
        % (
            "<Expiration><Days>1</Days>"
            "<CreatedBeforeDate>2020-01-01T00:00:00.000Z</CreatedBeforeDate></Expiration>"
        ),
        "MalformedXML",
        "Expiration",
    ),
    (
        "LifecycleConfiguration",
        "lifecycle",
        RULE % ("<Expiration><CreatedBeforeDate>1.1.2020</CreatedBeforeDate></Expiration>"),
        "MalformedXML",
        "CreatedBeforeDate",
    ),
    (
        "LifecycleConfiguration",
        "lifecycle",
        RULE % (EXPIRE % 3 + MOVE % (4, "IA")),
        "InvalidArgument",
        "Days",
    ),
    (
        "LifecycleConfiguration",
        "lifecycle",
        RULE % (MOVE % (5, "IA") + MOVE % (2, "Archive")),
        "InvalidArgument",
        "Days",
    ),
    (
        "LifecycleConfiguration",
        "lifecycle",
        RULE % (MOVE % (5, "Standard")),
        "InvalidArgument",
        "StorageClass",
    ),
    (
        "LifecycleConfiguration",
        "lifecycle",
        RULE
        % (
            "<Expiration><CreatedBeforeDate>2020-01-01T00:00:00.000Z</CreatedBeforeDate>"
            f"</Expiration>{MOVE % (5, 'IA')}"
        ),
        "InvalidRequest",
        "Found mixed CreatedBeforeDate and Days based Expiration and Transition "
        "for StorageClass IA actions",
    ),
    (
        "LifecycleConfiguration",
        "lifecycle",
        f"<Rule><ID>r</ID>{(RULE % '')[6:]}" * 2,
        "InvalidArgument",
        "ID",
    ),
    (
        "LifecycleConfiguration",
        "lifecycle",
        f"<Rule><ID>{'r' * 256}</ID>{(RULE % '')[6:]}",
        "InvalidArgument",
        "ID",
    ),
    (
        "LifecycleConfiguration",
        "lifecycle",
        RULE % "<Tag><Key>a&amp;b</Key><Value/></Tag>",
        "InvalidArgument",
        "Key",
    ),
    (
        "LifecycleConfiguration",
        "lifecycle",
        RULE % (EXPIRE % 1) + (RULE % (EXPIRE % 2)).replace("<Prefix>a", "<Prefix>ab"),
        "InvalidArgument",
        "Overlap for same action type Expiration",
    ),
    # Website (PutBucketWebsite)
    ("WebsiteConfiguration", "website", "", "MalformedXML", "WebsiteConfiguration"),
    (
        "WebsiteConfiguration",
        "website",
        "<IndexDocument><Suffix>a/b</Suffix></IndexDocument>",
        "InvalidArgument",
        "Suffix",
    ),
    (
        "WebsiteConfiguration",
        "website",
        f"<RoutingRules>{ROUTE % (1, '<RedirectType>Other</RedirectType>')}</RoutingRules>",
        "MalformedXML",
        "RedirectType",
    ),
    (
        "WebsiteConfiguration",
        "website",
        f"<RoutingRules>{ROUTE % (1, '<RedirectType>AliCDN</RedirectType>') * 2}</RoutingRules>",
        "InvalidArgument",
        "RuleNumber",
    ),
    (
        "WebsiteConfiguration",
        "website",
        f"<RoutingRules>{ROUTE % (1, '<RedirectType>Mirror</RedirectType>')}</RoutingRules>",
        "InvalidArgument",
        "MirrorURL",
    ),
    # Encryption (PutBucketEncryption)
    (
        "ServerSideEncryptionRule",
        "encryption",
        SSE % "<SSEAlgorithm>DES</SSEAlgorithm>",
        "InvalidEncryptionAlgorithmError",
        "",
    ),
    (
        "ServerSideEncryptionRule",
        "encryption",
        SSE % "<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>",
        "InvalidArgument",
        "KMSMasterKeyID is not applicable if the default sse algorithm is not KMS.",
    ),
    (
        "ServerSideEncryptionRule",
        "encryption",
        SSE % "<SSEAlgorithm>KMS</SSEAlgorithm><KMSDataEncryption>DES</KMSDataEncryption>",
        "InvalidDataEncryptionAlgorithmError",
        "",
    ),
    # Tags (PutBucketTags)
    ("Tagging", "tagging", TAGS % (TAG % ("", "v")), "InvalidTag", ""),
    ("Tagging", "tagging", TAGS % (TAG % ("k" * 65, "v")), "InvalidTag", ""),
    ("Tagging", "tagging", TAGS % (TAG % ("k", "v" * 129)), "InvalidTag", ""),
    ("Tagging", "tagging", TAGS % (TAG % ("https://k", "v")), "InvalidTag", ""),
    ("Tagging", "tagging", TAGS % (TAG % ("k", "v") * 2), "RepeatedTags", ""),
    ("Tagging", "tagging", TAGS % many(TAG % ("k%d", "v"), 21), "TooManyTags", ""),
    # Switches and names
    ("RequestPaymentConfiguration", "requestPayment", "<Payer>Me</Payer>", "MalformedXML", "Payer"),
    (
        "TransferAccelerationConfiguration",
        "transferAcceleration",
        "<Enabled>yes</Enabled>",
        "MalformedXML",
        "Enabled",
    ),
    (
        "AccessMonitorConfiguration",
        "accessmonitor",
        "<Status>aa</Status>",
        "MalformedXML",
        "Status",
    ),
    (
        "BucketResourceGroupConfiguration",
        "resourceGroup",
        "<ResourceGroupId>other</ResourceGroupId>",
        "ResourceGroupIdPreCheckError",
        "",
    ),
    (
        "HttpsConfiguration",
        "httpsConfig",
        "<TLS><Enable>true</Enable></TLS>",
        "MalformedXML",
        "TLSVersion",
    ),
    (
        "HttpsConfiguration",
        "httpsConfig",
        "<TLS><Enable>true</Enable><TLSVersion>SSLv3</TLSVersion></TLS>",
        "MalformedXML",
        "TLSVersion",
    ),
    (
        "UserDefinedLogFieldsConfiguration",
        "userDefinedLogFieldsConfig",
        f"<HeaderSet>{many('<header>h%d</header>', 7)}</HeaderSet>",
        "MalformedXML",
        "7 fields",
    ),
    (
        "UserDefinedLogFieldsConfiguration",
        "userDefinedLogFieldsConfig",
        "<HeaderSet><header>x_a</header></HeaderSet>",
        "InvalidArgument",
        "header",
    ),
    (
        "BucketUserQos",
        "qos",
        "<StorageCapacity>-2</StorageCapacity>",
        "InvalidArgument",
        "StorageCapacity",
    ),
    (
        "BucketLoggingStatus",
        "logging",
        "<LoggingEnabled><TargetBucket>none</TargetBucket></LoggingEnabled>",
        "InvalidTargetBucketForLogging",
        "",
    ),
]


@pytest.mark.parametrize(("root", "subresource", "content", "code", "named"), REFUSED)
def test_a_bad_document_is_refused_with_the_place(
    ask: Caller, root: str, subresource: str, content: str, code: str, named: str
) -> None:
    before = ask("GET", f"/bucket?{subresource}")
    answer = ask("PUT", f"/bucket?{subresource}", f"<{root}>{content}</{root}>")
    assert answer.code == code
    told = answer.text("ArgumentName") or answer.text("ErrorDetail") or answer.text("Message")
    assert named in (told or "")
    after = ask("GET", f"/bucket?{subresource}")
    assert (after.status, after.code) == (before.status, before.code)


PLACES = {Holder.ACCOUNT: "/", Holder.BUCKET: "/bucket", Holder.OBJECT: "/bucket/a"}


def place(ask: Caller, document: Document) -> str:
    """The target of a document; the object exists if it is one of an object."""
    if document.holder is Holder.OBJECT:
        ask("PUT", "/bucket/a", "x")
    return f"{PLACES[document.holder]}?{document.subresource}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_body_that_is_not_the_document_is_malformed(ask: Caller, document: Document) -> None:
    target, root = place(ask, document), document.schema.name
    for body in ("", "no XML", "<a", "<Other/>", f"<!DOCTYPE a><{root}/>"):
        answer = ask("PUT", target, body)
        assert (answer.status, answer.code) == (400, "MalformedXML")
        assert answer.text("ErrorDetail")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_document_that_was_never_put_is_an_error_or_a_default(
    ask: Caller, document: Document
) -> None:
    answer = ask("GET", place(ask, document))
    if isinstance(document.absent, Code):
        assert answer.status == 404
        assert (answer.code, answer.text("EC") or "") == (
            document.absent.value.code,
            document.absent.value.ec,
        )
    else:
        assert answer.status == 200
        assert etree.fromstring(answer.body).tag == document.schema.name


def test_every_document_has_a_name_of_its_own() -> None:
    assert len({document.name for document in DOCUMENTS}) == len(DOCUMENTS)


# Root, sub-resource, what is put and what is answered.
FORMS = [
    (
        "CORSConfiguration",
        "cors",
        f"<CORSRule>{CORS}<AllowedHeader>X-OSS-Test</AllowedHeader></CORSRule>",
        f"<CORSRule>{CORS}<AllowedHeader>x-oss-test</AllowedHeader></CORSRule>"
        "<ResponseVary>false</ResponseVary>",
    ),
    (
        "HttpsConfiguration",
        "httpsConfig",
        "<TLS><TLSVersion>TLSv1.2</TLSVersion><TLSVersion>TLSv1.2</TLSVersion>"
        "<Enable>True</Enable></TLS>",
        "<TLS><Enable>true</Enable><TLSVersion>TLSv1.2</TLSVersion></TLS>",
    ),
    (
        "ServerSideEncryptionRule",
        "encryption",
        SSE % "<SSEAlgorithm>KMS</SSEAlgorithm><KMSMasterKeyID></KMSMasterKeyID>",
        SSE % "<SSEAlgorithm>KMS</SSEAlgorithm>",
    ),
    (
        "ServerSideEncryptionRule",
        "encryption",
        SSE % "<SSEAlgorithm>AES256</SSEAlgorithm><KMSDataEncryption>SM4</KMSDataEncryption>",
        SSE % "<SSEAlgorithm>AES256</SSEAlgorithm>",
    ),
    (
        "WebsiteConfiguration",
        "website",
        "<RoutingRules>"
        + ROUTE
        % (
            1,
            "<RedirectType>Mirror</RedirectType><MirrorURL>http://a/</MirrorURL>"
            "<MirrorPassQueryString>True</MirrorPassQueryString>",
        )
        + "</RoutingRules>",
        "<RoutingRules>"
        + ROUTE
        % (
            1,
            "<RedirectType>Mirror</RedirectType><MirrorURL>http://a/</MirrorURL>"
            "<MirrorPassQueryString>true</MirrorPassQueryString>"
            "<PassQueryString>true</PassQueryString>",
        )
        + "</RoutingRules>",
    ),
    (
        "BucketResourceGroupConfiguration",
        "resourceGroup",
        "<ResourceGroupId></ResourceGroupId>",
        "<ResourceGroupId>rg-default</ResourceGroupId>",
    ),
]


@pytest.mark.parametrize(("root", "subresource", "put", "answered"), FORMS)
def test_a_document_is_answered_in_the_form_of_the_service(
    ask: Caller, root: str, subresource: str, put: str, answered: str
) -> None:
    namespace = "http://doc.oss-cn-hangzhou.aliyuncs.com"
    body = f'<?xml version="1.0"?>\n<{root} xmlns="{namespace}">\n {put}</{root}>'
    assert ask("PUT", f"/bucket?{subresource}", body).status == 200
    got = etree.fromstring(
        ask("GET", f"/bucket?{subresource}").body, etree.XMLParser(remove_blank_text=True)
    )
    assert etree.tostring(got).decode() == f"<{root}>{answered}</{root}>"  # P-31: no name space


def test_overlapping_rules_need_the_header_that_allows_them(ask: Caller) -> None:
    rules = RULE % (EXPIRE % 1) + (RULE % (EXPIRE % 2)).replace("<Prefix>a", "<Prefix>ab")
    body = f"<LifecycleConfiguration>{rules}</LifecycleConfiguration>"
    allowed = {"x_oss_allow_same_action_overlap": "true"}
    assert ask("PUT", "/bucket?lifecycle", body).code == "InvalidArgument"
    assert ask("PUT", "/bucket?lifecycle", body, **allowed).status == 200


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (RULE % (EXPIRE % 1), (RULE % (EXPIRE % 1)).replace("<Prefix>a", "<Prefix>b")),
        (RULE % (EXPIRE % 1), RULE % (MOVE % (5, "IA"))),
        (
            RULE % (EXPIRE % 1),
            RULE % (EXPIRE % 1 + "<Tag><Key>k</Key><Value>v</Value></Tag>"),
        ),
    ],
)
def test_rules_for_other_objects_or_actions_do_not_overlap(
    ask: Caller, one: str, other: str
) -> None:
    body = f"<LifecycleConfiguration>{one}{other}</LifecycleConfiguration>"
    assert ask("PUT", "/bucket?lifecycle", body).status == 200


def test_a_rule_without_an_id_gets_a_lasting_one(ask: Caller) -> None:
    body = f"<LifecycleConfiguration>{RULE % (EXPIRE % 1)}</LifecycleConfiguration>"
    ask("PUT", "/bucket?lifecycle", body)
    ids = {ask("GET", "/bucket?lifecycle").text("Rule/ID") for _ in range(2)}
    assert len(ids) == 1
    assert all(ids)


def test_a_rule_by_access_time_gets_its_atime_base(ask: Caller) -> None:
    move = MOVE.replace("</Transition>", "<IsAccessTime>true</IsAccessTime></Transition>")
    body = f"<LifecycleConfiguration>{RULE % (move % (9, 'IA'))}</LifecycleConfiguration>"
    ask("PUT", "/bucket?lifecycle", body)
    assert ask("GET", "/bucket?lifecycle").text("Rule/AtimeBase") == str(int(ask.now))


def test_tags_are_deleted_by_key(ask: Caller) -> None:
    tags = "".join(TAG % (key, "v") for key in ("a", "b", "c"))
    ask("PUT", "/bucket?tagging", f"<Tagging>{TAGS % tags}</Tagging>")

    def keys() -> list[str | None]:
        tagging = etree.fromstring(ask("GET", "/bucket?tagging").body)
        return [key.text for key in tagging.iter("Key")]

    assert ask("DELETE", "/bucket?tagging=a,c,other").status == 204
    assert keys() == ["b"]
    assert ask("DELETE", "/bucket?tagging").status == 204
    assert keys() == []


@pytest.mark.parametrize(
    ("policy", "ec"),
    [
        ("", "0030-00000005"),
        ("{", "0030-00000005"),
        ("[]", "0030-00000005"),
        ("{}", "0030-00000005"),
        ('{"Version":"2","Statement":[]}', "0030-00000002"),
        ('{"Version":"1","Statement":[]}', "0030-00000005"),
        ('{"Version":"1","Statement":[1]}', "0030-00000005"),
        ('{"Version":"1","Statement":[{"Effect":"Maybe"}]}', "0030-00000005"),
        ('{"Version":"1","Statement":[{"Effect":"Deny","Action":[]}]}', "0030-00000005"),
        ('{"Version":"1","Statement":[{"Effect":"Deny","Action":"a"}]}', "0030-00000005"),
        (f'{{"Version":"1","Statement":[{"[" * 15_000}', "0030-00000005"),
    ],
)
def test_a_malformed_policy_is_refused(ask: Caller, policy: str, ec: str) -> None:
    answer = ask("PUT", "/bucket?policy", policy)
    assert (answer.status, answer.code) == (400, "InvalidPolicyDocument")
    assert answer.text("EC") == ec
    assert ask("GET", "/bucket?policy").code == "NoSuchBucketPolicy"


QOS = "<QoSConfiguration>%s</QoSConfiguration>"


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"TotalUploadBandwidth": 11}, "TotalUploadBandwidth"),
        ({"IntranetUploadBandwidth": 11}, "IntranetUploadBandwidth"),
        ({"TotalUploadBandwidth": 5, "ExtranetUploadBandwidth": 6}, "ExtranetUploadBandwidth"),
        ({"TotalQps": 5, "IntranetQps": 6}, "IntranetQps"),
        ({"TotalDownloadBandwidth": -2}, "TotalDownloadBandwidth"),
        ({"TotalUploadBandwidth": 10, "IntranetUploadBandwidth": 10, "TotalQps": 9}, ""),
        ({"IntranetQps": 1_000_000}, ""),
    ],
)
def test_a_bucket_gets_at_most_the_limits_of_its_account(
    ask: Caller, limits: dict[str, int], named: str
) -> None:
    body = QOS % "".join(f"<{name}>{value}</{name}>" for name, value in limits.items())
    answer = ask("PUT", "/bucket?qosInfo", body)
    assert (answer.text("ArgumentName") if answer.body else "") == named
    got = ask("GET", "/bucket?qosInfo")
    for name, value in limits.items():
        assert got.text(name) == (str(value) if not named else "-1")


@pytest.mark.parametrize(
    "target",
    [
        "/bucket?cname&comp=other",
        "/bucket?comp=add",
        "/bucket?policy&comp=other",
        "/bucket?inventoryId=1",
        "/bucket?styleName=a",
        "/bucket?publicAccessBlock&x-oss-access-point-name=",
        "/?qosRequester=1",
    ],
)
def test_an_unknown_component_is_not_taken_for_another_operation(ask: Caller, target: str) -> None:
    answer = ask("DELETE", target)
    assert answer.code in ("NotImplemented", "NoSuchAccessPoint")


# --- Rare errors


def test_logs_cannot_go_to_the_bucket_of_another_account(ask: Caller) -> None:
    storage = ask.service.storage
    ask("PUT", "/foreign")
    foreign = storage.bucket("foreign")
    assert foreign is not None
    storage.put_bucket(foreign._replace(owner="2000000000000002"))
    target = "<LoggingEnabled><TargetBucket>foreign</TargetBucket></LoggingEnabled>"
    answer = ask("PUT", "/bucket?logging", f"<BucketLoggingStatus>{target}</BucketLoggingStatus>")
    assert (answer.status, answer.code) == (403, "InvalidTargetBucketForLogging")


def test_a_style_without_content_is_refused(ask: Caller) -> None:
    answer = ask("PUT", "/bucket?style&styleName=s", "<Style><Content></Content></Style>")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.text("Message") == "Style content is invalid."


def test_a_bucket_has_at_most_1000_inventories(ask: Caller) -> None:
    storage = ask.service.storage
    bucket = storage.bucket("bucket")
    assert bucket is not None
    present = {f"inventory/{number}": b"<InventoryConfiguration/>" for number in range(1000)}
    storage.put_bucket(bucket._replace(documents=present))
    answer = ask(
        "PUT",
        "/bucket?inventory&inventoryId=more",
        """
        <InventoryConfiguration>
          <Id>more</Id><IsEnabled>true</IsEnabled>
          <Destination><OSSBucketDestination>
            <Format>CSV</Format><AccountId>1</AccountId><RoleArn>acs:ram::1:role/r</RoleArn>
            <Bucket>acs:oss:::bucket</Bucket>
          </OSSBucketDestination></Destination>
          <Schedule><Frequency>Daily</Frequency></Schedule>
          <IncludedObjectVersions>All</IncludedObjectVersions>
        </InventoryConfiguration>
        """.strip(),
    )
    assert (answer.status, answer.code) == (400, "InventoryExceedLimit")
