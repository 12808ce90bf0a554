"""The former name of `remarks.py`, from which `lint/` and `commands/` still import."""

from oss_referer.remarks import Remark as Remark
from oss_referer.remarks import RemarkKind as RemarkKind
from oss_referer.remarks import Severity as Severity
from oss_referer.remarks import format_github as format_github
from oss_referer.remarks import format_junit as format_junit
