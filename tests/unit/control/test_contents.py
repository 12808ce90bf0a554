"""The contents of a server: seeds, preloaded folders, snapshots, and all of them loaded again."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TypeVar

import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.access.accounts import AccountsError
from oss_emulator.control import contents, preload
from oss_emulator.control.controls import Controls, open_storage
from oss_emulator.control.faults import read
from oss_emulator.control.rule_changes import SIZE, RuleChanges
from oss_emulator.control.seed import SeedError, apply
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import Settings
from oss_emulator.storage.base import Bucket, Storage
from oss_referer import RefererConfiguration
from oss_referer.sources import referer_xml

from tests.rows import read_cases
from tests.unit.control.caller import ApiCaller

CASES = read_cases("unit.control")

T = TypeVar("T")
BUCKET = '[[bucket]]\nname = "{}"\n'


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "seed.toml"
    path.write_text(BUCKET.format("first"))
    return path


def start(settings: Settings) -> Controls:
    controls = Controls(settings)
    contents.load(controls.service)
    controls.snapshots.set_initial()
    return controls


def reload(controls: Controls) -> None:
    contents.adopt(controls, contents.rehearse(controls.service))


async def change(work: Callable[[], T]) -> T:
    return work()


def names(controls: Controls) -> list[str]:
    return [bucket.name for bucket in controls.service.storage.buckets()]


def test_changed_seed_is_added_and_is_what_a_reset_restores(seed: Path) -> None:
    controls = start(Settings(seed=seed))
    seed.write_text(BUCKET.format("second"))
    reload(controls)
    assert names(controls) == ["first", "second"]
    asyncio.run(contents.reset(controls, change))
    assert names(controls) == ["second"]


def test_reset_clears_journal_and_faults_and_shows_the_real_time(seed: Path) -> None:
    controls = start(Settings(seed=seed))
    controls.clock.shift = 60.0
    controls.faults.add(read({"status": 500}))
    service = controls.service
    admitted = service.admit(Request.parse("GET", "/", [("Host", "localhost")], 0.0))
    controls.journal.record(admitted, Response(), 0, 0.0)
    asyncio.run(contents.reset(controls, change))
    assert (controls.clock.shift, controls.faults.planned) == (0, [])
    assert controls.journal.entries() == []


def test_seed_with_a_mistake_changes_nothing(seed: Path) -> None:
    controls = start(Settings(seed=seed))
    seed.write_text(BUCKET.format("second") + BUCKET.format("Not a name"))
    with pytest.raises(SeedError, match="InvalidBucketName"):
        reload(controls)
    assert names(controls) == ["first"]


def test_accounts_with_a_mistake_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    key = '[[account]]\nid = "1000000000000001"\n[[account.key]]\nid = "{}"\nsecret = "s"\n'
    path.write_text(key.format("one"))
    controls = start(Settings(accounts=path))
    path.write_text("[[account]]\n")
    with pytest.raises(AccountsError):
        reload(controls)
    assert controls.service.accounts.first.id == "one"
    path.write_text(key.format("two"))
    reload(controls)
    assert controls.service.accounts.first.id == "two"


@pytest.fixture(params=["memory", "disk"])
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Controls]:
    """A server with accounts, a seed and a preloaded folder, in memory or on a disk."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.txt").write_text("a")
    (tmp_path / "accounts.toml").write_text(ACCOUNTS.format("one"))
    (tmp_path / "seed.toml").write_text(BUCKET.format("first"))
    settings = Settings(
        seed=tmp_path / "seed.toml",
        accounts=tmp_path / "accounts.toml",
        preload={"site": tmp_path / "site"},
        data=tmp_path / "data" if request.param == "disk" else None,
    )
    storage = open_storage(settings)
    made = Controls(settings, storage)
    contents.load(made.service)
    made.snapshots.set_initial()
    yield made
    storage.close()


ACCOUNTS = '[[account]]\nid = "1000000000000001"\n[[account.key]]\nid = "{}"\nsecret = "s"\n'


def test_reset_with_a_mistake_in_the_seed_keeps_the_contents_of_a_disk(
    watched: Controls, tmp_path: Path
) -> None:
    """A storage in memory does not read the seed again."""
    watched.snapshots.take("mine")
    (tmp_path / "seed.toml").write_text(BUCKET.format("Not a name"))
    blocking = watched.service.storage.blocking
    with pytest.raises(SeedError) if blocking else nullcontext():
        asyncio.run(contents.reset(watched, change))
    assert names(watched) == ["first", "site"]
    assert watched.snapshots.names == (["mine"] if blocking else [])


def test_all_files_are_loaded_together(watched: Controls, tmp_path: Path) -> None:
    (tmp_path / "site" / "a.txt").write_text("changed")
    (tmp_path / "accounts.toml").write_text(ACCOUNTS.format("two"))
    (tmp_path / "seed.toml").write_text(BUCKET.format("second"))
    rehearsal = contents.rehearse(watched.service)
    assert names(watched) == ["first", "site"]
    assert watched.service.accounts.first.id == "one"
    contents.adopt(watched, rehearsal)
    assert names(watched) == ["first", "second", "site"]
    assert watched.service.accounts.first.id == "two"
    item = watched.service.storage.object("site", "a.txt")
    assert item is not None
    assert item.content[0].read(0, item.size) == b"changed"


def test_refusal_by_the_running_server_changes_nothing(watched: Controls, tmp_path: Path) -> None:
    """The files are valid, but conflict with the current contents of the server."""
    bucket = watched.service.storage.bucket("site")
    assert bucket is not None
    watched.service.storage.put_bucket(bucket._replace(owner="2000000000000002"))
    (tmp_path / "accounts.toml").write_text(ACCOUNTS.format("two"))
    (tmp_path / "seed.toml").write_text(BUCKET.format("second"))
    rehearsal = contents.rehearse(watched.service)
    with pytest.raises(SeedError, match="PUT /site was refused with BucketAlreadyExists"):
        contents.adopt(watched, rehearsal)
    assert names(watched) == ["first", "site"]
    assert watched.service.accounts.first.id == "one"


def test_stamps_cover_the_files_of_the_seed_and_of_folders(seed: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    seed.write_text(BUCKET.format("first") + '[[bucket.object]]\nkey = "a"\nfile = "a.txt"\n')
    below = tmp_path / "site" / "below"
    below.mkdir(parents=True)
    (below / "b.txt").write_text("b")
    settings = Settings(seed=seed, preload={"site": tmp_path / "site"})
    before = contents.stamps(settings)
    assert set(before) == {seed, tmp_path / "a.txt", below / "b.txt"}
    (below / "b.txt").write_text("changed")
    assert contents.stamps(settings) != before
    (tmp_path / "a.txt").unlink()
    assert tmp_path / "a.txt" not in contents.stamps(settings)


# --- Seeds read regular files, and only those of their own folder

SEED = '[[bucket]]\nname = "examplebucket"\n[[bucket.object]]\nkey = "a"\nfile = "{}"\n'


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """The folder of a seed; a file beside it, one below it, and links out of it and within it."""
    made = tmp_path / "seeds"
    (made / "below").mkdir(parents=True)
    (made / "below" / "file").write_text("below")
    (tmp_path / "outside").write_text("outside")
    (made / "link-out").symlink_to(tmp_path / "outside")
    (made / "link-in").symlink_to(made / "below" / "file")
    os.mkfifo(made / "pipe")
    return made


def plant(seeds: Path, name: str, **settings: bool) -> str:
    """Return the object that a seed makes from a file."""
    path = seeds / "seed.toml"
    path.write_text(SEED.format(name))
    with Emulator(seed=path, **settings) as emulator:
        found = emulator.bucket("examplebucket").get_object("a").read()
        assert isinstance(found, bytes)
        return found.decode()


@pytest.mark.parametrize("name", ["below/file", "below/../below/file", "link-in"])
def test_file_of_the_folder_is_read(seeds: Path, name: str) -> None:
    assert plant(seeds, name) == "below"


@pytest.mark.parametrize("name", ["../outside", "below/../../outside", "link-out", "/etc/passwd"])
def test_file_outside_of_the_folder_is_refused(seeds: Path, name: str) -> None:
    with pytest.raises(SeedError, match=f"the file {name} .* outside of the seed's folder"):
        plant(seeds, name)


def test_link_of_a_seed_to_itself_is_refused(seeds: Path) -> None:
    (seeds / "loop").symlink_to("loop")
    with pytest.raises(SeedError, match="the file loop cannot be read: Too many"):
        plant(seeds, "loop")


def test_file_outside_of_the_folder_is_read_on_request(seeds: Path) -> None:
    assert plant(seeds, "../outside", seed_anywhere=True) == "outside"


@pytest.mark.parametrize(
    ("name", "anywhere"), [("pipe", False), ("/dev/zero", True), ("../seeds/pipe", True)]
)
def test_file_without_an_end_is_refused(seeds: Path, name: str, anywhere: bool) -> None:
    with pytest.raises(SeedError, match=f"the file {name} .* not a regular file"):
        plant(seeds, name, seed_anywhere=anywhere)


@pytest.mark.parametrize("name", ["/dev/zero", "pipe"])
def test_seed_without_an_end_is_refused(seeds: Path, name: str) -> None:
    with pytest.raises(SeedError, match="cannot be read: it is not a regular file"):
        Emulator(seed=seeds / name).start()


RULES = """
allow_empty_referer = false
whitelist = ["{}"]
"""


def test_restart_on_a_folder_undoes_no_change(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", seed=tmp_path / "seed.toml")
    item = '[[bucket.object]]\nkey = "{}"\ntext = "1"\n'
    assert settings.seed is not None
    for bucket, host in (("first", "a"), ("first", "b"), ("second", "c")):
        text = f"{BUCKET.format(bucket)}[bucket.referer]{RULES.format(host)}{item.format(host)}"
        settings.seed.write_text(text)
        with closing(open_storage(settings)) as storage:
            service = Service(settings, storage)
            hint = contents.load(service)
    said = "The seed did not change what --data already has: first"
    with closing(open_storage(settings)) as storage:
        service = Service(settings, storage)
        assert hint == ""
        assert contents.load(service) == said.replace("first", "second")
        found = {bucket.name: bucket.documents["referer"] for bucket in storage.buckets()}
        assert [b">a<" in found["first"], b">c<" in found["second"]] == [True, True]
        assert [item.key for item in storage.objects("first")] == ["a"]


BROKEN_SEED = CASES["broken_seed"]


@pytest.mark.parametrize("on_disk", [True, False])
def test_seed_that_is_refused_leaves_nothing(tmp_path: Path, on_disk: bool) -> None:
    settings = Settings(data=tmp_path / "data" if on_disk else None)
    with closing(open_storage(settings)) as storage:
        with pytest.raises(SeedError, match="InvalidBucketName"):
            apply("The seed", BROKEN_SEED, Service(settings, storage))
        assert storage.buckets() == []
    assert [path for path in tmp_path.rglob("blobs/*/*") if path.is_file()] == []


def test_accounts_of_a_seed_bring_their_display_names(tmp_path: Path) -> None:
    path = tmp_path / "seed.toml"
    key = '[[account.key]]\nid = "id"\nsecret = "secret"\n'
    path.write_text(f'[[account]]\nid = "1000000000000007"\nname = "Example"\n{key}')
    with Emulator(seed=path) as emulator:
        owner = emulator.service.accounts.owner
        answer = emulator.service.handle(Request.parse("GET", "/", (), 0.0), caller=owner)
    assert isinstance(answer.body, bytes)
    assert b"<DisplayName>Example</DisplayName>" in answer.body


# --- Preloaded folders: keys, types, links, and all or nothing


@pytest.fixture
def site(tmp_path: Path) -> Path:
    made = tmp_path / "site"
    (made / "图片").mkdir(parents=True)
    (made / "index.html").write_text("<p>")
    (made / "图片" / "a b+c.png").write_bytes(b"png")
    (made / "unknown").write_bytes(b"?")
    return made


def test_files_become_objects_with_their_types(site: Path) -> None:
    (site / "link").symlink_to(site / "index.html")
    with Emulator(preload={"examplebucket": str(site)}) as emulator:
        bucket = emulator.bucket("examplebucket")
        kinds = {
            item.key: bucket.head_object(item.key).content_type
            for item in bucket.list_objects_v2().object_list
        }
        assert bucket.get_object("图片/a b+c.png").read() == b"png"
    assert kinds == {
        "index.html": "text/html",
        "link": "application/octet-stream",
        "unknown": "application/octet-stream",
        "图片/a b+c.png": "image/png",
    }


def test_hint_about_a_private_bucket_has_the_seed_that_opens_it(site: Path, tmp_path: Path) -> None:
    with Emulator() as emulator:
        service = emulator.service
        hint = emulator.run(lambda: preload.load(site, "examplebucket", service))
    assert "a browser gets 403 for\n  {endpoint}/examplebucket/index.html\n" in hint
    assert max(map(len, hint.splitlines())) <= 80
    seed = tmp_path / "seed.toml"
    seed.write_text(hint.splitlines()[-1].strip())
    with Emulator(seed=seed) as emulator:
        service = emulator.service
        assert emulator.run(lambda: preload.load(site, "examplebucket", service)) == ""
        url = f"{emulator.endpoint}/examplebucket/index.html"
        assert requests.get(url, timeout=20).status_code == 200


def test_bucket_of_the_seed_keeps_its_acl(site: Path, tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text('[[bucket]]\nname = "examplebucket"\nacl = "public-read"\n')
    with Emulator(seed=seed, preload={"examplebucket": site}) as emulator:
        found = emulator.service.storage.bucket("examplebucket")
    assert found is not None
    assert found.acl == "public-read"


def refused(folder: Path, service: Service) -> str:
    with pytest.raises(SeedError) as caught:
        preload.load(folder, "examplebucket", service)
    assert service.storage.buckets() == []
    return str(caught.value)


def test_link_out_of_the_folder_is_refused_and_nothing_loaded(site: Path) -> None:
    (site / "way-out").symlink_to("/etc/passwd")
    assert "way-out cannot be preloaded: this link leads out" in refused(site, Service())


def test_link_to_a_folder_above_is_refused(site: Path) -> None:
    (site / "图片" / "loop").symlink_to(site)
    assert "loop cannot be preloaded: this link leads to a folder above" in refused(site, Service())


def test_link_of_a_folder_to_itself_is_refused(site: Path) -> None:
    (site / "loop").symlink_to("loop")
    assert refused(site, Service()).startswith(f"{site / 'loop'} cannot be preloaded: Too many")


def test_name_that_is_not_utf_8_is_refused(site: Path) -> None:
    (site / os.fsdecode(b"\xff")).touch()
    assert refused(site, Service()).startswith(f"'{site}/\\udcff' cannot be preloaded: its name")


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none", Service()).endswith("it is not a folder.")
    (tmp_path / "file").touch()
    assert refused(tmp_path / "file", Service()).endswith("it is not a folder.")


# --- Snapshots

CORS = b"""<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"""


@pytest.fixture(params=["memory", "disk"])
def controls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Controls]:
    """A service with the bucket `examplebucket` and the object `a` in it."""
    settings = Settings(data=tmp_path if request.param == "disk" else None)
    storage = open_storage(settings)
    made = Controls(settings, storage)
    put(made, "/examplebucket")
    put(made, "/examplebucket/a", b"1")
    yield made
    storage.close()


def put(controls: Controls, target: str, body: bytes = b"") -> None:
    service = controls.service
    request = Request.parse("PUT", target, [("Host", "localhost")], time.time())
    assert service.handle(request, body, caller=service.accounts.owner).status == 200


def kept(controls: Controls) -> dict[str, dict[str, bytes]]:
    """Return the bytes of each object by bucket and key."""
    storage = controls.service.storage
    return {
        bucket.name: {
            item.key: b"".join(blob.read(0, blob.size) for blob in item.content)
            for item in storage.objects(bucket.name)
        }
        for bucket in storage.buckets()
    }


def test_taking_a_snapshot_again_replaces_it(controls: Controls) -> None:
    controls.snapshots.take("mine")
    put(controls, "/examplebucket/a", b"2")
    controls.snapshots.take("mine")
    put(controls, "/examplebucket/a", b"3")
    assert controls.snapshots.restore("mine")
    assert kept(controls) == {"examplebucket": {"a": b"2"}}
    assert controls.snapshots.names == ["mine"]


def test_reset_restores_the_initial_contents(controls: Controls) -> None:
    """A disk store resets to empty."""
    controls.snapshots.set_initial()
    put(controls, "/examplebucket/a", b"2")
    controls.snapshots.reset()
    blocking = controls.service.storage.blocking
    assert kept(controls) == ({} if blocking else {"examplebucket": {"a": b"1"}})


def test_drop_all_removes_every_snapshot(controls: Controls) -> None:
    for name in ("mine", "yours"):
        controls.snapshots.take(name)
    controls.snapshots.drop_all()
    assert controls.snapshots.names == []


def test_reset_bucket_removes_contents_and_configuration(controls: Controls) -> None:
    put(controls, "/examplebucket?cors", CORS)
    put(controls, "/other-bucket")
    put(controls, "/other-bucket/b", b"2")
    before = controls.service.storage.bucket("examplebucket")
    assert before is not None
    controls.snapshots.reset_bucket("examplebucket")
    assert kept(controls) == {"examplebucket": {}, "other-bucket": {"b": b"2"}}
    after = controls.service.storage.bucket("examplebucket")
    assert after == before._replace(documents={})


def test_reset_of_a_missing_bucket_does_nothing(controls: Controls) -> None:
    controls.snapshots.reset_bucket("nobody")
    assert kept(controls) == {"examplebucket": {"a": b"1"}}


def test_reset_bucket_that_fails_half_way_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data=tmp_path)
    storage = open_storage(settings)
    controls = Controls(settings, storage)
    put(controls, "/examplebucket")
    put(controls, "/examplebucket/a", b"1")

    def fail(self: Storage, bucket: Bucket) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(storage), "put_bucket", fail)
        with pytest.raises(OSError, match="the disk is full"):
            controls.snapshots.reset_bucket("examplebucket")
    assert kept(controls) == {"examplebucket": {"a": b"1"}}
    storage.close()


# --- Changes of rules

OLD = referer_xml.format(RefererConfiguration(whitelist=("http://www.example.com/",)))
NEW = referer_xml.format(RefererConfiguration(whitelist=("http://shop.example.com/",)))


@pytest.fixture
def ask() -> ApiCaller:
    caller = ApiCaller()
    caller.oss("PUT", "/bucket")
    return caller


def put_rules(ask: ApiCaller, document: bytes) -> None:
    assert ask.oss("PUT", "/bucket?referer", document).status == 200


def changes(ask: ApiCaller) -> RuleChanges:
    return ask.controls.rule_changes


def test_each_change_has_the_documents_before_and_after(ask: ApiCaller) -> None:
    put_rules(ask, OLD)
    put_rules(ask, OLD)
    put_rules(ask, NEW)
    first, second = changes(ask).all()
    assert (first.bucket, first.before, first.after) == ("bucket", None, OLD)
    assert (second.before, second.after, second.story) == (OLD, NEW, None)
    assert len(second.request_id) == 24
    assert second == changes(ask).latest("bucket", NEW)
    assert changes(ask).latest("bucket", OLD) is None


def test_refused_document_is_no_change(ask: ApiCaller) -> None:
    assert ask.oss("PUT", "/bucket?referer", b"<nothing/>").status == 400
    assert changes(ask).all() == ()


def test_story_names_its_change_until_it_is_undone(ask: ApiCaller) -> None:
    put_rules(ask, OLD)
    number = ask.record("/bucket/key", "https://blog.example.com/").number
    etag = ask("POST", f"remedies/{number}", {"kind": "allow-site", "place": "0"}).json["etag"]
    wanted = {"kind": "allow-site", "place": "0", "etag": etag}
    ask("PUT", f"remedies/{number}", wanted)
    made = changes(ask).of_story(number)
    assert made is not None
    assert (made.before, made.remote) == (OLD, "")
    assert not changes(ask).is_undone(made)

    undone = ask("PUT", f"remedies/{number}", {"undo": ""}).json
    assert changes(ask).of_story(number) == made
    assert changes(ask).is_undone(made)

    ask("PUT", f"remedies/{number}", {**wanted, "etag": undone["etag"]})
    again = changes(ask).of_story(number)
    assert again is not None
    assert again.number > made.number
    assert not changes(ask).is_undone(again)


def test_restored_snapshot_changes_rules(ask: ApiCaller) -> None:
    put_rules(ask, OLD)
    ask("PUT", "snapshot/one")
    put_rules(ask, NEW)
    ask("POST", "restore/one")
    last = changes(ask).all()[-1]
    assert (last.before, last.after, last.request_id) == (NEW, OLD, "")


def test_reset_forgets_changes(ask: ApiCaller) -> None:
    put_rules(ask, OLD)
    ask("POST", "reset")
    assert changes(ask).all() == ()


def test_oldest_changes_are_dropped() -> None:
    log = RuleChanges()
    for number in range(SIZE + 5):
        log.add(0.0, "bucket", b"%d" % number, b"%d" % (number + 1))
    assert [change.number for change in log.all()] == list(range(6, SIZE + 6))


def test_oldest_changes_go_when_the_bytes_are_used_up_but_the_last_stays() -> None:
    changes = RuleChanges(limit=1000)
    for number in range(10):
        changes.add(0, "b", b"%d" % number * 200, b"%d" % (number + 1) * 200)
    assert [change.number for change in changes.all()] == [9, 10]
    changes.add(0, "b", b"", b"x" * 5000)
    assert [change.number for change in changes.all()] == [11]
