"""Each module of the package has its test file, found by its path or named in a table."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import oss_emulator

PACKAGE = Path(oss_emulator.__file__).parent
TESTS = Path(__file__).parent

# A module, or a pattern of several, and the file below tests/ that covers it where that is not
# unit/<room>/test_<module>.py. The first line that fits counts.
COVERED_BY = {
    "__main__.py": "docs/test_docs.py",
    "default_domain.py": "unit/pipeline/test_changes.py",
    "child.py": "unit/server/test_process.py",
    "settings.py": "cli/test_serve.py",
    "version.py": "packaging/test_docker.py",
    # --- access
    "access/context.py": "unit/access/test_condition.py",
    # --- cli: run as a process
    "cli/apply.py": "cli/test_lab_bucket.py",
    "cli/archive.py": "cli/test_archive.py",
    "cli/bucket.py": "cli/test_lab_bucket.py",
    "cli/changes.py": "cli/test_lab_bucket.py",
    "cli/client.py": "cli/test_parity.py",
    "cli/experiment.py": "cli/test_parity.py",
    "cli/foreground.py": "cli/test_serve.py",
    "cli/folders.py": "cli/test_folders.py",
    "cli/formats.py": "cli/test_formats.py",
    "cli/fsck.py": "cli/test_fsck.py",
    "cli/logs.py": "cli/test_replay.py",
    "cli/parity.py": "cli/test_parity.py",
    "cli/planned.py": "cli/test_planned.py",
    "cli/parser.py": "cli/test_serve.py",
    "cli/preload/sitecustomize.py": "cli/test_run.py",
    "cli/propose.py": "cli/test_replay.py",
    "cli/play.py": "cli/test_play.py",
    "cli/replay.py": "cli/test_replay.py",
    "cli/results.py": "cli/test_replay.py",
    "cli/rules.py": "cli/test_lab_rules.py",
    "cli/run.py": "cli/test_run.py",
    "cli/serve.py": "cli/test_serve.py",
    "cli/signer.py": "cli/test_parity.py",
    "cli/*.py": "cli/test_lab_commands.py",
    # --- control
    "control/api/schema.py": "http/test_openapi.py",
    "control/api/*.py": "unit/control/test_api.py",
    "control/console/clients.py": "sdk/test_snippets.py",
    "control/console/*.py": "unit/control/console/test_pages.py",
    "control/clock.py": "unit/control/test_faults.py",
    "control/controls.py": "unit/control/test_contents.py",
    "control/preload.py": "unit/control/test_contents.py",
    "control/recording.py": "unit/control/test_journal.py",
    "control/rehearsal.py": "unit/control/test_contents.py",
    "control/running_tests.py": "unit/control/test_faults.py",
    "control/seed.py": "unit/control/test_contents.py",
    "control/snapshots.py": "unit/control/test_contents.py",
    # --- documents
    "documents/*.py": "unit/operations/test_bucket_documents.py",
    # --- imaging
    "imaging/job.py": "http/test_images.py",
    # --- kms
    "kms/*.py": "unit/kms/test_encryption.py",
    # --- lab
    "lab/lint/remarks.py": "unit/lab/test_sarif.py",
    "lab/lint/*.py": "unit/lab/lint/test_lint.py",
    "lab/remark.py": "unit/lab/test_junit.py",
    "lab/page/*.py": "unit/lab/page/test_actions.py",
    "lab/xml_editing.py": "unit/lab/test_editing.py",
    "lab/yaml_tree.py": "unit/lab/test_pulumi.py",
    "lab/parity/setups.py": "unit/lab/parity/test_inquiries.py",
    "lab/sent.py": "unit/lab/test_strangers.py",
    "lab/replay/spark.py": "spark/test_spark.py",
    "lab/replay/*.py": "unit/lab/replay/test_report.py",
    "lab/translation/*.py": "unit/lab/translation/test_translation.py",
    # --- markup
    "markup/document.py": "unit/markup/test_parsers.py",
    # --- operations
    "operations/async_fetch.py": "http/test_async_fetch.py",
    "operations/call.py": "unit/operations/test_object_basic.py",
    "operations/operation.py": "test_architecture.py",
    "operations/work.py": "unit/server/test_pools.py",
    "operations/shared/buckets.py": "unit/operations/test_bucket_acl.py",
    "operations/shared/locks.py": "unit/operations/test_locks.py",
    "operations/shared/metadata_index.py": "unit/operations/test_bucket_meta_query.py",
    "operations/shared/objects.py": "unit/operations/test_object_basic.py",
    "operations/shared/writing.py": "unit/operations/test_object_basic.py",
    # --- pipeline
    "pipeline/deployment.py": "unit/pipeline/test_service.py",
    "pipeline/plan.py": "unit/pipeline/test_steps.py",
    # --- protocol
    "protocol/signature/*.py": "unit/protocol/signature/test_vectors.py",
    # --- referer
    "referer/assumptions.py": "unit/lab/test_assumptions.py",
    "referer/model.py": "unit/referer/test_policy.py",
    "referer/reading.py": "unit/referer/test_policy.py",
    "referer/request.py": "unit/referer/test_policy.py",
    # --- rpc
    "rpc/*.py": "unit/sts/test_sts.py",
    # --- selecting
    "selecting/aggregation.py": "unit/selecting/test_output.py",
    "selecting/jobs.py": "http/test_select.py",
    "selecting/cells.py": "unit/selecting/test_rows.py",
    "selecting/statement.py": "unit/selecting/test_parsing.py",
    "selecting/window.py": "unit/selecting/test_rows.py",
    # --- server: over a socket
    "server/administration.py": "http/test_admin.py",
    "server/app.py": "http/test_connection.py",
    "server/body.py": "http/test_connection.py",
    "server/body_writer.py": "unit/server/test_threads.py",
    "server/callback.py": "http/test_callback.py",
    "server/connections.py": "unit/server/test_guard.py",
    "server/endpoint.py": "sdk/test_oss2_bucket.py",
    "server/faulty.py": "http/test_faults.py",
    "server/fetching.py": "http/test_async_fetch.py",
    "server/handshake.py": "http/test_handshake.py",
    "server/inner.py": "unit/server/test_guard.py",
    "server/loop.py": "cli/test_serve.py",
    "server/outgoing.py": "http/test_callback.py",
    "server/outlet.py": "http/test_sendfile.py",
    "server/patience.py": "http/test_connection.py",
    "server/performer.py": "unit/server/test_threads.py",
    "server/proxy.py": "http/test_proxy.py",
    "server/rpc_endpoint.py": "sdk/test_oss2_sts.py",
    "server/sendfile.py": "http/test_sendfile.py",
    "server/throttle.py": "http/test_traffic_limit.py",
    "server/source.py": "http/test_async_fetch.py",
    "server/tls.py": "http/test_tls.py",
    "server/waiting.py": "http/test_connection.py",
    "server/wire.py": "unit/server/test_framing.py",
    "server/workers.py": "cli/test_workers.py",
    # --- storage
    "storage/blobs.py": "unit/storage/test_disk.py",
    "storage/inspection.py": "hard/test_damage.py",
    "storage/repair.py": "cli/test_fsck.py",
    "storage/*.py": "unit/storage/test_contract.py",
    # --- sts
    "sts/session.py": "unit/sts/test_assume_role.py",
    "sts/*.py": "unit/sts/test_sts.py",
    # --- testing
    "testing/buckets.py": "unit/testing/test_emulator.py",
    "testing/pytest_plugin.py": "plugin/test_plugin.py",
}

MODULES = sorted(
    path.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
)


def mirror(module: str) -> Path:
    """`access/acl.py` is tested in `unit/access/test_acl.py`."""
    path = Path(module)
    return TESTS / "unit" / path.parent / f"test_{path.name}"


def row(module: str) -> str | None:
    """The line of the table that counts for a module."""
    return next((pattern for pattern in COVERED_BY if fnmatchcase(module, pattern)), None)


def test_modules_have_test_files() -> None:
    alone = [module for module in MODULES if not mirror(module).exists()]
    missing = [str(mirror(module).relative_to(TESTS)) for module in alone if row(module) is None]
    assert missing == [], "add these files, or lines to COVERED_BY"
    covering = {COVERED_BY[pattern] for pattern in map(row, alone) if pattern is not None}
    assert [name for name in covering if not (TESTS / name).is_file()] == []


def test_lines_of_the_table_are_needed() -> None:
    needed = {row(module) for module in MODULES if not mirror(module).exists()}
    assert COVERED_BY.keys() - needed == set(), "remove these lines: no module needs them"
