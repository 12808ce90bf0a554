"""Names of objects that clients must escape in URLs, signatures and XML."""

NAMES = [
    "a b+c%25?&=#",
    "中文/测试.txt",
    "a//b",
    "x/../y",
    "x/./y",
    "trailing/",
    "a\x01\x1f\x7fb",
    "\t\r\n",
    "%2F..%2F",
    "dir/😀",
    "'\"<>&;\\",
    "~!@$^*()[]{}|`,:=",
]
