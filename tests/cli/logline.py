"""The form of a line of the access log, as OSS documents it."""

import re

LINE = re.compile(
    r"(?P<remote>\S+) - - "
    r"\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    r'"(?P<request>[A-Z]+ \S+ HTTP/1\.[01])" (?P<status>\d{3}) (?P<bytes>\d+) (?P<ms>\d+) '
    r'"(?P<referer>[^"]*)" "(?P<user_agent>[^"]*)" "(?P<host>[^"]*)" '
    r'"(?P<request_id>[0-9A-F]{24})" "true" "(?P<requester>[^"]*)" "(?P<operation>[^"]*)" '
    r'"(?P<bucket>[^"]*)" "(?P<key>[^"]*)" (?P<size>\d+|-) (?P<server_ms>\d+) '
    r'"(?P<code>[^"]*)" (?P<length>\d+) "(?P<owner>[^"]*)" (?P<delta>-?\d+|-) '
    r'"(?P<sync>[^"]*)" "(?P<class>[^"]*)" "(?P<target_class>[^"]*)" "(?P<accelerate>[^"]*)" '
    r'"(?P<access_key_id>[^"]*)" "(?P<bucket_arn>[^"]*)"\n'
)
