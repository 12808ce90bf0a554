"""Tests of Referer rules with the standard library's test framework."""

import unittest
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from oss_emulator import Emulator
from oss_referer import RefererConfiguration

RULES = RefererConfiguration(allow_empty_referer=False, whitelist=("https://www.example.com/",))


class ImagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.emulator = Emulator().start()
        cls.addClassCleanup(cls.emulator.stop)

    def setUp(self) -> None:
        self.addCleanup(self.emulator.reset)
        bucket = self.emulator.bucket("images", acl="public-read", rules=RULES)
        bucket.put_object("logo.png", b"...")
        bucket.session.session.close()

    def status(self, referer: str) -> int:
        url = f"{self.emulator.endpoint}/images/logo.png"
        try:
            with urlopen(Request(url, headers={"Referer": referer})) as answer:
                return answer.status
        except HTTPError as error:
            with error:
                return error.code

    def test_our_page_gets_the_image(self) -> None:
        self.assertEqual(self.status("https://www.example.com/"), 200)

    def test_another_page_gets_403(self) -> None:
        self.assertEqual(self.status("https://thief.example.org/"), 403)
        self.assertEqual(self.emulator.journal[-1].ec, "0003-00000503")


if __name__ == "__main__":
    unittest.main()
