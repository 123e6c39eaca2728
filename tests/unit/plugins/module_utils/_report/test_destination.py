# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a finished report comes to its place, or goes from it."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, OptionError
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.destination import Place
from support.reports import make_report

ROW = {"recordType": "KEYWORD", "recordAction": "CREATE", "recordId": "1"}


class FakeFiles:
    """Does with files what Ansible would, and remembers it. ``modes_differ``: owner or mode are not as asked for."""

    def __init__(self, check_mode: bool = False, diff_mode: bool = False, modes_differ: bool = False) -> None:
        self.check_mode = check_mode
        self.diff_mode = diff_mode
        self.modes_differ = modes_differ
        self.done: list[str] = []
        self.warnings: list[str] = []

    def keep_old(self, dest: str) -> None:
        """Keep a copy of the old file."""
        self.done.append("keep_old" if os.path.exists(dest) else "nothing to keep")

    def publish(self, path: str, dest: str) -> bool:
        """Put a file in its place."""
        self.done.append("modes" if path == dest else "publish")
        if path != dest:
            assert not self.check_mode
            shutil.copy(path, dest)
        return self.modes_differ

    def withdraw(self, dest: str) -> None:
        """Remove a file."""
        self.done.append("withdraw")
        if not self.check_mode:
            os.unlink(dest)

    def checksum(self, path: str) -> str | None:
        """Return the file's checksum."""
        return hashlib.sha1(Path(path).read_bytes()).hexdigest() if os.path.exists(path) else None  # noqa: S324

    def warn(self, text: str) -> None:
        """Tell the user."""
        self.warnings.append(text)


def deliver(
    tmp_path: Path,
    dest: Path,
    rows: list[dict[str, Any]],
    files: FakeFiles,
    keep_empty: bool = False,
    kind: str = "csv",
    complete: bool = True,
) -> dict[str, Any]:
    """Deliver a report of these rows."""
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    made = make_report(scratch, [rows] if rows else [], kind)
    try:
        return Place(str(dest), keep_empty).deliver(made, files, complete)
    finally:
        made.discard()


def test_a_report_that_is_not_there_yet_is_put_there(tmp_path: Path) -> None:
    files, dest = FakeFiles(), tmp_path / "report.csv"
    result = deliver(tmp_path, dest, [ROW], files)
    assert result == {"changed": True, "dest": str(dest), "checksum": files.checksum(str(dest))}
    assert files.done == ["nothing to keep", "publish"]
    assert dest.read_text(encoding="utf-8").splitlines() == ["recordType,recordAction,recordId", "KEYWORD,CREATE,1"]


def test_the_same_report_again_is_no_change_but_owner_and_mode_are_seen_to(tmp_path: Path) -> None:
    dest = tmp_path / "report.csv"
    deliver(tmp_path, dest, [ROW], FakeFiles())
    again = FakeFiles()
    assert deliver(tmp_path, dest, [ROW], again)["changed"] is False
    assert again.done == ["modes"]
    assert deliver(tmp_path, dest, [ROW], FakeFiles(modes_differ=True))["changed"] is True


def test_another_report_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    dest = tmp_path / "report.csv"
    deliver(tmp_path, dest, [ROW], FakeFiles())
    files = FakeFiles()
    assert deliver(tmp_path, dest, [ROW, {**ROW, "recordId": "2"}], files)["changed"] is True
    assert files.done == ["keep_old", "publish"]
    assert dest.read_text(encoding="utf-8").count("KEYWORD") == 2


def test_all_is_on_the_disk_before_the_old_report_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, dest, plain = FakeFiles(), tmp_path / "report.csv", os.fsync

    def synced(descriptor: int) -> None:
        plain(descriptor)
        files.done.append(f"{os.fstat(descriptor).st_size} bytes on the disk")

    monkeypatch.setattr(os, "fsync", synced)
    deliver(tmp_path, dest, [ROW], files)
    assert files.done == [f"{dest.stat().st_size} bytes on the disk", "nothing to keep", "publish"]


def test_what_only_shows_when_it_is_brought_to_the_disk_is_told_and_leaves_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    files, dest = FakeFiles(), tmp_path / "report.csv"
    dest.write_text("an old report\n", encoding="utf-8")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DamError, match=r"could not be written in .*No space left on device"):
        deliver(tmp_path, dest, [ROW], files)
    assert (files.done, dest.read_text(encoding="utf-8")) == ([], "an old report\n")
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("rows", [[ROW], []])
def test_check_mode_changes_no_file_and_says_what_would_change(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    dest = tmp_path / "report.csv"
    deliver(tmp_path, dest, [{**ROW, "recordId": "old"}], FakeFiles())
    before = dest.read_bytes()
    assert deliver(tmp_path, dest, rows, FakeFiles(check_mode=True))["changed"] is True
    assert dest.read_bytes() == before


def test_check_mode_for_a_new_file_touches_nothing(tmp_path: Path) -> None:
    files = FakeFiles(check_mode=True)
    assert deliver(tmp_path, tmp_path / "report.csv", [ROW], files)["changed"] is True
    assert files.done == []


def test_check_mode_for_the_same_file_looks_at_owner_and_mode(tmp_path: Path) -> None:
    dest = tmp_path / "report.csv"
    deliver(tmp_path, dest, [ROW], FakeFiles())
    assert deliver(tmp_path, dest, [ROW], FakeFiles(check_mode=True))["changed"] is False
    assert deliver(tmp_path, dest, [ROW], FakeFiles(check_mode=True, modes_differ=True))["changed"] is True


@pytest.mark.parametrize("content", ["recordType,recordAction\r\n", "my diary\n"])
def test_without_mismatches_the_file_goes_as_a_report_would_have_replaced_it(tmp_path: Path, content: str) -> None:
    dest = tmp_path / "report.csv"
    dest.write_text(content, encoding="utf-8")
    dry, files = FakeFiles(check_mode=True), FakeFiles()
    assert deliver(tmp_path, dest, [], dry) == {"changed": True, "dest": None, "checksum": None}
    assert dest.exists()
    assert deliver(tmp_path, dest, [], files) == {"changed": True, "dest": None, "checksum": None}
    assert (files.done, files.warnings, dest.exists()) == (["withdraw"], [], False)
    again = FakeFiles()
    assert deliver(tmp_path, dest, [], again, complete=False) == {"changed": False, "dest": None, "checksum": None}
    assert (again.done, again.warnings) == ([], [])


@pytest.mark.parametrize("check_mode", [True, False])
def test_rows_of_no_completed_comparison_remove_nothing_and_the_result_says_why(
    tmp_path: Path, check_mode: bool
) -> None:
    dest = tmp_path / "report.csv"
    deliver(tmp_path, dest, [ROW], FakeFiles())
    before, files = dest.read_bytes(), FakeFiles(check_mode=check_mode, diff_mode=True)
    result = deliver(tmp_path, dest, [], files, complete=False)
    reason = "the rows are not those of a completed comparison"
    assert result.pop("not_removed") == f"dest: there are no mismatches, but '{dest}' was not removed: {reason}."
    assert result == {"changed": False, "dest": None, "checksum": None}
    assert (files.done, len(files.warnings), dest.read_bytes()) == ([], 1, before)
    # Rows that are there take its place all the same.
    assert deliver(tmp_path, dest, [{**ROW, "recordId": "2"}], FakeFiles(), complete=False)["changed"] is True


@pytest.mark.parametrize("target", ["real.csv", "nothing"])
def test_a_link_is_removed_itself_and_what_it_leads_to_stays(tmp_path: Path, target: str) -> None:
    (tmp_path / "real.csv").write_text("an old report\n", encoding="utf-8")
    dest = tmp_path / "report.csv"
    dest.symlink_to(tmp_path / target)
    assert deliver(tmp_path, dest, [], FakeFiles(), complete=False)["changed"] is False
    assert dest.is_symlink()
    files = FakeFiles()
    assert deliver(tmp_path, dest, [], files) == {"changed": True, "dest": None, "checksum": None}
    assert files.done == ["withdraw"]
    assert (tmp_path / "real.csv").read_text(encoding="utf-8") == "an old report\n"


def test_what_a_link_leads_to_is_never_read(tmp_path: Path) -> None:
    dest, real = tmp_path / "report.csv", tmp_path / "real.csv"
    deliver(tmp_path, real, [ROW], FakeFiles())
    dest.symlink_to(real)
    # The same report behind the link: the link is no report.
    result = deliver(tmp_path, dest, [ROW], FakeFiles(check_mode=True, diff_mode=True))
    assert (result["changed"], result["diff"]["before"]) == (True, {})


def test_without_mismatches_an_empty_report_can_be_asked_for(tmp_path: Path) -> None:
    dest = tmp_path / "report.json"
    result = deliver(tmp_path, dest, [], FakeFiles(), keep_empty=True, kind="json")
    assert (result["changed"], result["dest"]) == (True, str(dest))
    assert dest.read_text(encoding="utf-8").split() == ["[]"]
    assert deliver(tmp_path, dest, [], FakeFiles(), keep_empty=True, kind="json")["changed"] is False


def test_a_page_that_says_the_same_is_written_without_being_a_change(tmp_path: Path) -> None:
    dest, row = tmp_path / "report.html", {**ROW, "id": "log-1", "created": "2026-11-21T20:41:07Z"}
    later = {**row, "id": "log-2", "created": "2026-11-22T20:41:07Z"}
    assert deliver(tmp_path, dest, [row], FakeFiles(), kind="html")["changed"] is True
    dry, files = FakeFiles(check_mode=True), FakeFiles(diff_mode=True)
    assert deliver(tmp_path, dest, [later], dry, kind="html")["changed"] is False
    assert "log-1" in dest.read_text(encoding="utf-8")
    result = deliver(tmp_path, dest, [later], files, kind="html")
    # No copy is kept of what said the same.
    assert (result["changed"], "diff" in result, files.done) == (False, False, ["publish"])
    assert "log-2" in dest.read_text(encoding="utf-8")
    assert deliver(tmp_path, dest, [row], FakeFiles(modes_differ=True), kind="html")["changed"] is True
    assert deliver(tmp_path, dest, [{**row, "recordId": "2"}], FakeFiles(), kind="html")["changed"] is True


def test_the_difference_shown_is_a_summary_and_never_rows(tmp_path: Path) -> None:
    dest = tmp_path / "report.csv"
    first = deliver(tmp_path, dest, [{**ROW, "recordId": "secret-1"}], FakeFiles(diff_mode=True))["diff"]
    assert first["before"] == {}
    assert first["after"]["by_action"]["CREATE"] == 1
    second = deliver(tmp_path, dest, [{**ROW, "recordAction": "DELETE"}], FakeFiles(diff_mode=True))["diff"]
    assert second["before"]["by_action"]["CREATE"] == 1
    assert second["after"]["by_action"]["DELETE"] == 1
    gone = deliver(tmp_path, dest, [], FakeFiles(diff_mode=True))["diff"]
    assert gone["before"]["by_action"]["DELETE"] == 1
    assert gone["after"] == {}
    assert "secret-1" not in str((first, second, gone))


def test_without_a_change_there_is_no_difference(tmp_path: Path) -> None:
    dest = tmp_path / "report.csv"
    deliver(tmp_path, dest, [ROW], FakeFiles())
    assert "diff" not in deliver(tmp_path, dest, [ROW], FakeFiles(diff_mode=True))


def test_a_file_that_is_no_report_has_no_summary_to_show(tmp_path: Path) -> None:
    dest = tmp_path / "report.csv"
    dest.write_text("my diary\n", encoding="utf-8")
    assert deliver(tmp_path, dest, [ROW], FakeFiles(diff_mode=True))["diff"]["before"] == {}


# Places that cannot be used


def place(dest: Path) -> Place:
    """Make a place for a report."""
    return Place(str(dest), keep_empty=False)


def test_a_folder_is_no_place(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"^dest: '.*' is a folder\. Name a file in it"):
        place(tmp_path)


def test_a_name_that_no_folder_takes_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    place(tmp_path / ("x" * 255))
    with pytest.raises(OptionError, match=r"^dest: the name of the file is too long"):
        place(tmp_path / ("x" * 256))
    with pytest.raises(OptionError, match=r"^dest: the name of the file is too long"):
        place(tmp_path / ("ä" * 128))


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        place(tmp_path / "missing" / "report.csv")
    assert caught.value.message == f"dest: there is no folder '{tmp_path / 'missing'}'. Make it first."


def test_what_is_neither_file_nor_folder_is_no_place(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OptionError, match="neither a regular file nor free to become one"):
        place(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("forbidden", "message"),
    [
        (os.R_OK, "the user that runs the module cannot read it"),
        (os.W_OK | os.X_OK, "cannot be written to by the user"),
    ],
)
def test_what_the_user_may_not_touch_is_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forbidden: int, message: str
) -> None:
    dest = tmp_path / "report.csv"
    dest.write_text("x", encoding="utf-8")
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != forbidden)
    with pytest.raises(OptionError, match=message):
        place(dest)


def test_the_folder_of_a_link_is_its_own(tmp_path: Path) -> None:
    link = tmp_path / "report.csv"
    link.symlink_to(tmp_path / "real" / "report.csv")
    assert place(link).folder == str(tmp_path)


# Places of other users

OTHER = 54321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


@needs_root
@pytest.mark.parametrize("target", ["secret", "nothing"])
def test_a_link_of_another_user_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "secret").write_text("root's own\n", encoding="utf-8")
    dest = tmp_path / "report.csv"
    dest.symlink_to(tmp_path / target)
    os.chown(dest, OTHER, OTHER, follow_symlinks=False)
    with pytest.raises(OptionError, match=r"^dest: '.*' is a symbolic link of the user with the id 54321\. Choose a"):
        place(dest)


@needs_root
def test_a_folder_of_another_user_or_behind_a_link_of_one_is_refused(tmp_path: Path) -> None:
    theirs, ours, link = (tmp_path / name for name in ("theirs", "ours", "link"))
    theirs.mkdir()
    ours.mkdir()
    os.chown(theirs, OTHER, OTHER)
    link.symlink_to(ours)
    assert place(link / "report.csv").folder == str(link)
    os.chown(link, OTHER, OTHER, follow_symlinks=False)
    below = link / "below"
    below.mkdir()
    of = "is a symbolic link of"
    for folder, named, what in ((theirs, theirs, "belongs to"), (link, link, of), (below, link, of)):
        with pytest.raises(OptionError, match=f"^dest: the folder '{named}' {what} the user with the id 54321") as told:
            place(folder / "report.csv")
        assert "dam_consistency_report_dir" in told.value.message


@pytest.mark.parametrize(
    ("mode", "fits"), [(0o777, False), (0o1777, True), (0o775, True), (0o2770, True), (0o757, False)]
)
def test_a_folder_that_every_user_can_write_to_needs_the_sticky_bit(tmp_path: Path, mode: int, fits: bool) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    folder.chmod(mode)
    if fits:
        place(folder / "report.csv")
    else:
        with pytest.raises(OptionError, match=r"^dest: every user can write to the folder"):
            place(folder / "report.csv")


@needs_root
def test_a_file_of_another_user_stays_theirs_but_not_in_a_folder_of_all(tmp_path: Path) -> None:
    dest = tmp_path / "report.csv"
    dest.write_text("x", encoding="utf-8")
    os.chown(dest, OTHER, OTHER)
    place(dest)
    tmp_path.chmod(0o1777)
    with pytest.raises(OptionError, match="in a folder that every user can write to"):
        place(dest)


@needs_root
@pytest.mark.parametrize("mode", [0o775, 0o1777])
def test_folders_and_files_of_root_are_for_everyone_who_can_write_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    tmp_path.chmod(mode)
    free, own, roots, link = (tmp_path / name for name in ("free", "own", "roots", "link"))
    own.touch()
    os.chown(own, OTHER, OTHER)
    roots.touch()
    link.symlink_to(roots)
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    for dest in (free, own, roots):
        place(dest)
    with pytest.raises(OptionError, match="is a symbolic link of the user with the id 0"):
        place(link)


def test_a_bare_name_belongs_into_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place(Path("report.csv")).folder == str(tmp_path)
