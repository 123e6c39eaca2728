# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between Ansible and everything below: options in, one place for errors, result out."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as ansible_warnings

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, TimedOut
from ansible_collections.dxops.dam_staging.plugins.module_utils._module import task as _module
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import (
    ONE_SUBSCRIBER,
    one_subscriber_spec,
    other_environment_spec,
    wait_spec,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.task import Task, run
from support.fakes import FakeDam, subscriber
from support.modules import handed_over

ACCOUNT = {"hostname": "pub.example", "dx_username": "wpsadmin", "dx_password": "pass-1234"}
Run = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _own_umask_and_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("DX_")]:
        monkeypatch.delenv(name)
    ansible_warnings._global_warnings.clear()  # they outlive a module, which is no matter in a process of its own
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def run_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run ``work`` as a module and return the JSON that it prints, with ``rc`` for how it ended.

    An argument of None is not given at all.
    """

    def start(work: Callable[[Task], None], spec: Any = None, /, args: Any = None, **internal: Any) -> dict[str, Any]:
        given = {name: value for name, value in {**ACCOUNT, **(args or {})}.items() if value is not None}
        text = handed_over("a_module", given, tmp_path, **internal)
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", text)
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)  # newer ansible-core wants to know
        options = dict(spec or {})
        with pytest.raises(SystemExit) as ended:
            run(work, options.pop("spec", {}), **options)
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {**result, "rc": ended.value.code}

    return start


def warnings_of(result: dict[str, Any]) -> list[str]:
    """Return the texts of the warnings; their form differs between releases of ansible-core."""
    return [str(warning) for warning in result.get("warnings", [])]


def test_what_the_work_puts_into_the_result_is_returned(run_module: Run) -> None:
    result = run_module(lambda task: task.result.update(count=3))
    assert (result["rc"], result["changed"], result["count"]) == (0, False, 3)
    assert warnings_of(result) == []


def test_a_foreseen_error_is_a_clear_failure_with_all_that_was_learnt(run_module: Run) -> None:
    def work(task: Task) -> None:
        task.result.update(changed=True, states=[{"status": "a", "elapsed": 0.0}], last="before")
        raise TimedOut("Waited 5 s.", last="after", duration=5.0)

    result = run_module(work)
    assert (result["rc"], result["failed"], result["msg"]) == (1, True, "Waited 5 s.")
    assert (result["changed"], result["last"], result["duration"]) == (True, "after", 5.0)
    assert result["states"] == [{"status": "a", "elapsed": 0.0}]
    assert "exception" not in result


def test_an_error_of_an_option_comes_before_any_work(run_module: Run) -> None:
    def work(task: Task) -> None:
        pytest.fail("there was work")

    result = run_module(work, args={"hostname": "https://pub.example"})
    assert result["failed"]
    assert result["msg"].startswith("hostname: give the host alone, here 'pub.example'")


def test_a_defect_is_not_dressed_up_as_an_error_of_the_user(run_module: Run) -> None:
    def work(task: Task) -> None:
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        run_module(work)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"hostname": None}, "hostname"),
        ({"dx_username": None, "dx_password": None}, "dx_username"),
        ({"dx_password": None}, "dx_password"),
        ({"dx_protocol": "ftp"}, "dx_protocol"),
        ({"dx_port": 70000}, "dx_port: 70000 is out of range"),
        ({"dx_port": "https"}, "dx_port"),
    ],
)
def test_options_that_cannot_be_used_are_named(run_module: Run, args: dict[str, Any], message: str) -> None:
    result = run_module(lambda _task: None, args=args)
    assert result["failed"]
    assert message in result["msg"]


def test_options_come_from_the_environment_where_they_are_not_given(
    run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DX_HOSTNAME", "env.example")
    monkeypatch.setenv("DX_PORT", "8443")
    seen: list[str] = []
    run_module(lambda task: seen.append(task.publisher.url), args={"hostname": None})
    assert seen == ["https://env.example:8443/dx/api/dam/v1"]


def test_a_missing_library_is_named(run_module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_module, "REQUESTS_IMPORT_ERROR", "Traceback: no module named requests")
    result = run_module(lambda _task: None)
    assert result["failed"]
    assert "requests" in result["msg"]


@pytest.mark.parametrize(
    ("args", "warning"),
    [
        ({"dx_protocol": "http"}, "dx_protocol is http: the password and the login travel unprotected."),
        ({"validate_certs": False}, "validate_certs is false: anyone in between"),
    ],
)
def test_what_is_unsafe_is_warned_of(run_module: Run, args: dict[str, Any], warning: str) -> None:
    result = run_module(lambda _task: None, args=args)
    assert [warning in text for text in warnings_of(result)] == [True]


def test_what_is_unsafe_at_the_subscriber_is_warned_of_by_its_suboption(run_module: Run) -> None:
    def work(task: Task) -> None:
        task.result["url"] = task.subscriber_dam(subscriber()).url

    own = {"validate_certs": False, "dx_port": 9443}
    result = run_module(work, {"spec": other_environment_spec()}, args={"subscriber": own})
    assert result["url"] == "https://sub.example.com:9443/dx/api/dam/v1"
    assert ["subscriber.validate_certs is false" in text for text in warnings_of(result)] == [True]


def test_passwords_and_tokens_never_come_back_wherever_they_turn_up(run_module: Run) -> None:
    def work(task: Task) -> None:
        task.subscriber_dam(subscriber())
        task.publisher.client._on_secret("learnt-token")
        texts = ("pass-1234", "sub-pass-5678", "given-token-0123456789", "sub-token-0123456789", "learnt-token")
        task.result["echo"] = [f"<{text}>" for text in texts]
        raise DamError("the server said pass-1234 and learnt-token", server_message="sub-pass-5678")

    own = {"dx_username": "other", "dx_password": "sub-pass-5678", "ltpa_token": "sub-token-0123456789"}
    hosts = ["sub.example.com"]
    args = {"ltpa_token": " given-token-0123456789\n", "subscriber": own, "subscriber_hosts": hosts}
    result = run_module(work, {"spec": other_environment_spec()}, args=args)
    assert len(result["echo"]) == 5
    shown = json.dumps({name: value for name, value in result.items() if name != "invocation"})
    for secret in ("pass-1234", "sub-pass-5678", "given-token-0123456789", "sub-token-0123456789", "learnt-token"):
        assert secret not in shown
        assert secret not in json.dumps(result["invocation"])


@pytest.mark.parametrize("check_mode", [False, True])
def test_in_check_mode_the_client_refuses_to_write(run_module: Run, check_mode: bool) -> None:
    seen: list[Any] = []
    run_module(lambda task: seen.append((task.check_mode, task.publisher.client.read_only)), check=check_mode)
    assert seen == [(check_mode, check_mode)]


def test_the_chosen_subscriber_is_the_one_that_the_options_name(run_module: Run) -> None:
    listed = [subscriber(id="id-1", targetHost="a.example"), subscriber(id="id-2", targetHost="b.example")]

    def work(task: Task) -> None:
        task.publisher = FakeDam(subscribers=[listed]).dam
        task.show(task.chosen())

    options = {"spec": one_subscriber_spec(), **ONE_SUBSCRIBER}
    assert run_module(work, options, args={"target_host": "B.example"})["subscriber"]["subscriber_id"] == "id-2"
    assert run_module(work, options, args={"subscriber_id": "id-1"})["subscriber"]["target_host"] == "a.example"
    unknown = run_module(work, options, args={"subscriber_id": "id-3"})
    assert "has no subscriber 'id-3'. It has: a.example (id-1), b.example (id-2)." in unknown["msg"]
    assert "one of the following is required" in run_module(work, options)["msg"]
    both = run_module(work, options, args={"subscriber_id": "id-1", "target_host": "b.example"})
    assert both["msg"].startswith("target_host changed: ")
    assert run_module(work, options, args={"subscriber_id": "id-2", "target_host": "B.example"})["phase"]


def test_the_states_of_a_wait_are_returned_though_the_wait_failed(run_module: Run) -> None:
    def work(task: Task) -> None:
        waiter = task.waiter()
        assert (waiter.timeout, waiter.most_sleep, waiter.error_timeout) == (7, 3, 2)
        waiter.note("a")
        raise DamError("no")

    args = {"wait_timeout": 7, "wait_sleep": 3, "error_timeout": 2}
    result = run_module(work, {"spec": wait_spec()}, args=args)
    assert [state["status"] for state in result["states"]] == ["a"]


def test_what_may_fail_or_warn_does_as_it_is_told(run_module: Run) -> None:
    assert run_module(lambda task: task.fail_or_warn("Two failed.", fail=True))["msg"] == "Two failed."
    result = run_module(lambda task: task.fail_or_warn("Two failed.", fail=False))
    assert (result["rc"], ["Two failed." in text for text in warnings_of(result)]) == (0, [True])


def test_the_difference_of_a_run_is_its_status() -> None:
    assert Task.status_diff(None, "X") == {"before": {"resync_status": None}, "after": {"resync_status": "X"}}


# Files

FILES = {"add_file_common_args": True, "spec": {"backup": {"type": "bool", "default": False}}}


def new_file(tmp_path: Path, text: str = "new\n") -> str:
    """Write a file that is to be put in its place."""
    path = tmp_path / "finished"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_a_file_is_put_in_its_place_for_the_users_eyes_alone(run_module: Run, tmp_path: Path) -> None:
    dest = tmp_path / "report.csv"

    def work(task: Task) -> None:
        task.publish(new_file(tmp_path), str(dest))
        task.result["checksum"] = task.checksum(str(dest))

    result = run_module(work, FILES)
    assert dest.read_text(encoding="utf-8") == "new\n"
    assert dest.stat().st_mode & 0o777 == 0o600
    assert result["checksum"] == hashlib.sha1(b"new\n").hexdigest()  # noqa: S324
    assert "backup_file" not in result
    assert os.listdir(tmp_path) == ["report.csv"]


def test_a_files_mode_is_what_was_asked_for_and_that_alone_is_a_change(run_module: Run, tmp_path: Path) -> None:
    dest = tmp_path / "report.csv"
    dest.write_text("old\n", encoding="utf-8")
    dest.chmod(0o600)
    seen: list[bool] = []
    for _turn in range(2):
        run_module(lambda task: seen.append(task.publish(str(dest), str(dest))), FILES, args={"mode": "0644"})
    assert seen == [True, False]
    assert dest.stat().st_mode & 0o777 == 0o644
    assert dest.read_text(encoding="utf-8") == "old\n"


def test_a_link_is_replaced_itself(run_module: Run, tmp_path: Path) -> None:
    dest, real = tmp_path / "report.csv", tmp_path / "real.csv"
    real.write_text("old\n", encoding="utf-8")
    real.chmod(0o644)
    dest.symlink_to(real)
    run_module(lambda task: task.publish(new_file(tmp_path), str(dest)) and None, FILES)
    assert (dest.is_symlink(), dest.read_text(encoding="utf-8"), dest.stat().st_mode & 0o777) == (False, "new\n", 0o600)
    assert (real.read_text(encoding="utf-8"), real.stat().st_mode & 0o777) == ("old\n", 0o644)


@pytest.mark.parametrize("backup", [False, True])
@pytest.mark.parametrize("step", [Task.keep_old, Task.withdraw])
def test_a_copy_of_the_old_file_is_kept_where_that_is_asked_for(
    run_module: Run, tmp_path: Path, backup: bool, step: Callable[[Task, str], None]
) -> None:
    dest = tmp_path / "report.csv"
    dest.write_text("old\n", encoding="utf-8")
    result = run_module(lambda task: step(task, str(dest)), FILES, args={"backup": backup})
    assert dest.exists() is (step is Task.keep_old)
    assert ("backup_file" in result) is backup
    if backup:
        assert Path(result["backup_file"]).read_text(encoding="utf-8") == "old\n"


def test_of_a_link_and_of_nothing_no_copy_is_kept(run_module: Run, tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old\n", encoding="utf-8")
    (tmp_path / "report.csv").symlink_to("real.csv")
    for name in ("report.csv", "missing.csv"):
        path = str(tmp_path / name)
        assert "backup_file" not in run_module(
            lambda task, path=path: task.keep_old(path), FILES, args={"backup": True}
        )
    assert sorted(os.listdir(tmp_path)) == ["real.csv", "report.csv"]


def test_a_copy_has_the_mode_of_the_old_file_and_follows_no_link(
    run_module: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest, other = tmp_path / "report.csv", tmp_path / "other"
    dest.write_text("old\n", encoding="utf-8")
    dest.chmod(0o640)
    monkeypatch.setattr(time, "strftime", lambda *_: "then")
    copy = run_module(lambda task: task.keep_old(str(dest)), FILES, args={"backup": True})["backup_file"]
    assert (os.stat(copy).st_mode & 0o777, os.stat(copy).st_mtime_ns) == (0o640, dest.stat().st_mtime_ns)
    os.unlink(copy)
    os.symlink(other, copy)
    result = run_module(lambda task: task.keep_old(str(dest)), FILES, args={"backup": True})
    assert "File exists" in result["msg"]
    assert not other.exists()


def test_check_mode_removes_nothing(run_module: Run, tmp_path: Path) -> None:
    dest = tmp_path / "report.csv"
    dest.write_text("old\n", encoding="utf-8")
    run_module(lambda task: task.withdraw(str(dest)), FILES, args={"backup": True}, check=True)
    assert os.listdir(tmp_path) == ["report.csv"]


def test_a_file_that_is_not_there_has_no_checksum(run_module: Run, tmp_path: Path) -> None:
    assert run_module(lambda task: task.result.update(checksum=task.checksum(str(tmp_path / "x"))))["checksum"] is None


def test_scratch_files_go_to_the_folder_that_ansible_gives_the_task(run_module: Run, tmp_path: Path) -> None:
    assert run_module(lambda task: task.result.update(folder=task.scratch_dir))["folder"] == str(tmp_path)


def test_what_a_module_writes_is_not_for_others(run_module: Run) -> None:
    seen: list[int] = []

    def work(task: Task) -> None:
        now = os.umask(0o022)
        seen.append(now)

    run_module(work)
    assert seen == [0o077]
