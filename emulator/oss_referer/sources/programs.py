"""Programs that set rules on a bucket: Python with oss2, and a shell script with ossutil."""

import shlex
from collections.abc import Callable

from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm


def format_oss2(
    rules: RefererConfiguration,
    about: str,
    bucket: str | None = None,
    say: Callable[[Sentence], str] = str,
) -> str:
    """Format a program for oss2; `about` names the sites of the rules.

    Without a `bucket` the program reads the name from OSS_BUCKET. `say` translates its comments.
    """
    title = say(Sentence("Set the Referer rules of a bucket to those for {}.", _comment(about)))
    name = 'os.environ["OSS_BUCKET"]' if bucket is None else repr(bucket)
    note = say(Sentence("TruncatePath is true, which oss2 cannot set; use XML or ossutil."))
    note = f"# {note}\n" if rules.truncate_path else ""
    return f'''"""{title}"""

import os

import oss2
from oss2.credentials import EnvironmentVariableCredentialsProvider
from oss2.models import BucketReferer

bucket = oss2.Bucket(
    oss2.ProviderAuthV4(EnvironmentVariableCredentialsProvider()),
    os.environ["OSS_ENDPOINT"],
    {name},
    region=os.environ["OSS_REGION"],
)
{note}bucket.put_bucket_referer(
    BucketReferer(
        {rules.allow_empty_referer},
        {_list(rules.whitelist)},
        allow_truncate_query_string={rules.allow_truncate_query_string},
        black_referers={_list(rules.blacklist)},
    )
)
'''


def format_ossutil(
    rules: RefererConfiguration,
    about: str,
    bucket: str | None = None,
    say: Callable[[Sentence], str] = str,
) -> str:
    """Format a script for ossutil 2; without a `bucket` it reads the name from OSS_BUCKET.

    `say` translates its comment. Raises ValueError for an entry with a character that XML cannot
    represent.
    """
    document = forms.format(rules, RulesForm.XML).rstrip()
    end = "END"
    while end in document.splitlines():
        end += "."
    place = Sentence("the bucket OSS_BUCKET") if bucket is None else Sentence("a bucket")
    title = Sentence("Sets the Referer rules of {} to those for {}.", place, _comment(about))
    name = '"$OSS_BUCKET"' if bucket is None else shlex.quote(bucket)
    return f"""# {say(title)}
cat > referer.xml <<'{end}'
{document}
{end}
ossutil api put-bucket-referer --bucket {name} --referer-configuration file://referer.xml
"""


def _list(entries: tuple[str, ...]) -> str:
    lines = "".join(f"            {entry!r},\n" for entry in entries)
    return f"[\n{lines}        ]" if entries else "[]"


def _comment(about: str) -> str:
    """Return a text without characters that could end a comment or a docstring."""
    return "".join(item for item in about if item.isprintable() and item not in '"\\')
