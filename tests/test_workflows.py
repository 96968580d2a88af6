"""The workflows: sound for GitHub's schema and for zizmor, pinned, with no right that a job does not need.

GitHub itself cannot be asked here, so what the workflows run is run: the push of the notebooks against a repository on
disk, and the weekly report against a `gh` that writes down what it is asked.
"""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
BIN = Path(sys.executable).parent
USES = re.compile(r"^\s*(?:- )?uses: (?P<action>[\w./-]+)@(?P<version>\S+)(?P<comment>.*)$", re.MULTILINE)
RIGHTS = {  # all that any job may do beyond reading the code
    ("site.yml", "notebooks"): {"contents": "write"},
    ("site.yml", "deploy"): {"pages": "write", "id-token": "write"},
    ("release.yml", "attach"): {"contents": "write"},
    ("weekly.yml", "report"): {"issues": "write"},
}


def load(name):
    """Return a workflow as data."""
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


def step(name, job, title):
    """Return one step of a job by its name."""
    return next(entry for entry in load(name)["jobs"][job]["steps"] if entry.get("name") == title)


def problems(path):
    """Return what the schema, zizmor and the rule about pins have to say about a workflow."""
    found = []
    schema = ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    audit = ["zizmor", "--offline", "--pedantic", "--no-progress", "--quiet", "--color", "never", str(path)]
    for name, *arguments in (schema, audit):
        done = subprocess.run([BIN / name, *arguments], capture_output=True, text=True)
        if done.returncode:
            found.append(done.stdout + done.stderr)
    for use in USES.finditer(path.read_text("utf-8")):
        if not re.fullmatch(r"[0-9a-f]{40}", use["version"]) or not re.fullmatch(r" # v\d+\.\d+\.\d+", use["comment"]):
            found.append(f"{use['action']} is not pinned by a full commit with its version beside it")
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_sound(path):
    assert not problems(path)


@pytest.mark.parametrize(
    "before, after, word",
    [
        (r"(checkout)@[0-9a-f]{40} # v[\d.]+", r"\1@v6", "not pinned"),
        (r"( # v[\d.]+)", "", "not pinned"),
        ("timeout-minutes:", "timeout-minuts:", "timeout-minuts"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("run: .ci/run", "run: echo ${{ github.head_ref }} && .ci/run", "template-injection"),
    ],
)
def test_a_fault_in_a_workflow_is_noticed(tmp_path, before, after, word):
    text = (FOLDER / "site.yml").read_text("utf-8")
    faulty = tmp_path / ".github" / "workflows" / "site.yml"
    faulty.parent.mkdir(parents=True)
    faulty.write_text(re.sub(before, after, text))
    assert faulty.read_text() != text
    assert any(word in problem for problem in problems(faulty))


def test_each_action_has_one_pin():
    pins = {(use["action"], use["version"]) for path in WORKFLOWS for use in USES.finditer(path.read_text("utf-8"))}
    assert len(pins) == len({action for action, _ in pins}) >= 6


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_has_the_rights_it_needs_and_no_other(path):
    workflow = load(path.name)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 90
        wanted = RIGHTS.get((path.name, name), {"contents": "read"})
        assert job["permissions"] == wanted, name
        runs = "".join(entry.get("run", "") for entry in job["steps"])
        if "write" in wanted.values():  # no code of the project, or of what it installs, runs with such a right
            assert not re.search(r"\bmake\b|pip|python|\.ci", runs), name


def test_only_main_is_published_and_only_after_the_tests():
    jobs = load("site.yml")["jobs"]
    assert set(jobs["notebooks"]["needs"]) == {"test", "pythons", "students", "book"}
    assert jobs["deploy"]["needs"] == "notebooks"
    assert jobs["notebooks"]["if"] == "github.ref == 'refs/heads/main'"
    assert "GDCOURSE_REPOSITORY" not in load("site.yml").get("env", {})
    assert jobs["book"]["env"]["GDCOURSE_REPOSITORY"].startswith("${{ github.ref == 'refs/heads/main' && ")


def test_a_release_gets_the_files_that_the_book_makes(tmp_path):
    """Its steps run here as they stand, with small files for the book's and a `gh` that writes down its words."""
    jobs = load("release.yml")["jobs"]
    assert jobs["attach"]["needs"] == "bind"
    runs = [entry["run"] for entry in jobs["bind"]["steps"] if "run" in entry]
    assert {"make pdf epub", "java -jar /usr/share/java/epubcheck.jar _build/bound/gradient-descent.epub"} <= {*runs}
    for name in ("bound/gradient-descent.pdf", "bound/gradient-descent.epub", "html/index.html"):
        (tmp_path / "_build" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "_build" / name).write_text(name)
    (tmp_path / "zip").write_text(f"#!{sys.executable}\nimport shutil, sys\n"
                                  "shutil.make_archive(sys.argv[3].removesuffix('.zip'), 'zip', '.', sys.argv[4])\n")
    (tmp_path / "gh").write_text('#!/bin/sh\necho "$*" > asked\n')
    for name in ("zip", "gh"):
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TAG": "v1.2.3"}
    beside = step("release.yml", "bind", "Put the three files side by side")["run"]
    subprocess.run(["bash", "-e", "-c", beside], cwd=tmp_path, check=True, env=environment)
    attach = step("release.yml", "attach", "Attach them to the release")["run"].replace("gh ", f"{tmp_path}/gh ", 1)
    subprocess.run(["bash", "-e", "-c", attach], cwd=tmp_path / "release", check=True, env=environment)
    start, *files, clobber = (tmp_path / "release" / "asked").read_text().split()[2:]
    assert (start, clobber) == ("v1.2.3", "--clobber")
    assert sorted(files) == sorted(path.name for path in (tmp_path / "release").iterdir() if path.name != "asked")
    with zipfile.ZipFile(tmp_path / "release" / "gradient-descent-site.zip") as site:
        assert "gradient-descent-site/index.html" in site.namelist()


def git(folder, *arguments):
    """Run git as somebody and return what it says."""
    who = {f"GIT_{role}_{key}": "somebody@example.org" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **who}, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_the_published_branch_is_main_with_the_notebooks(tmp_path):
    origin, work = tmp_path / "origin.git", tmp_path / "work"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(work))
    git(work, "switch", "--quiet", "--create", "main")
    script = step("site.yml", "notebooks", "Commit them on top of main, where Binder and Colab look")["run"]
    for turn in (1, 2):  # the second push replaces the first
        for name in ("chapters", "assignments"):
            (work / name).mkdir(exist_ok=True)
        (work / ".gitignore").write_text("chapters/**/*.ipynb\n/assignments/\n")
        (work / "chapters" / "page.md").write_text(f"turn {turn}\n")
        git(work, "add", ".gitignore", "chapters/page.md")
        git(work, "commit", "--quiet", "--message", f"Turn {turn}")
        git(work, "push", "--quiet", "origin", "HEAD:main")
        main = git(work, "rev-parse", "HEAD")
        (work / "chapters" / "page.ipynb").write_text(f'{{"turn": {turn}}}\n')
        (work / "assignments" / "ps03.ipynb").write_text("{}\n")
        subprocess.run(["bash", "-e", "-c", script], cwd=work, check=True, env={**os.environ, "GITHUB_SHA": main})
        assert git(origin, "rev-parse", "published^") == main == git(origin, "rev-parse", "main")
        assert git(origin, "diff", "--name-only", "main", "published").split() == [
            "assignments/ps03.ipynb", "chapters/page.ipynb",
        ]  # fmt: skip
        assert f'"turn": {turn}' in git(origin, "show", "published:chapters/page.ipynb")
        git(work, "reset", "--quiet", "--hard", main)


GH = """\
#!/bin/sh
printf '%s\\n' "$*" | tr '\\n' ' ' >> "$ASKED"; echo >> "$ASKED"
if [ "$1 $2" = "issue list" ]; then
  while [ $# -gt 1 ]; do [ "$1" = --jq ] && filter=$2; shift; done
  python3 -c 'import json, os, sys
title = sys.argv[1].split(chr(34))[1]
print(next((i["number"] for i in json.loads(os.environ["OPEN"]) if i["title"] == title), ""))' "$filter"
fi
"""


@pytest.mark.parametrize(
    "newest, links, seeds, arithmetic, already, expected",
    [
        ("failure", "success", "success", "success", "[]", ["issue create --title Weekly: the newest releases break"]),
        ("success", "failure", "success", "success", "[]", ["issue create --title Weekly: links lead nowhere"]),
        ("failure", "failure", "success", "success", "[]", ["issue create", "issue create"]),
        ("success", "failure", "success", "success", '[{"number": 7, "title": "Weekly: links lead nowhere"}]',
         ["issue comment 7 --body"]),
        ("success", "failure", "success", "success", '[{"number": 7, "title": "Links of a page"}]', ["issue create"]),
        ("cancelled", "success", "success", "success", "[]", []),
        ("success", "success", "failure", "success", "[]", ["issue create --title Weekly: an exercise is unfair on"]),
        ("success", "success", "success", "failure", "[]", ["issue create --title Weekly: a page does not hold on"]),
    ],
)
def test_a_weekly_failure_is_written_up_once(tmp_path, newest, links, seeds, arithmetic, already, expected):
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    asked = tmp_path / "asked"
    asked.touch()
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "ASKED": str(asked), "OPEN": already,
        "NEWEST": newest, "LINKS": links, "SEEDS": seeds, "ARITHMETIC": arithmetic,
        "RUN": "https://github.com/somebody/course/actions/runs/1",
    }  # fmt: skip
    report = load("weekly.yml")["jobs"]["report"]
    assert report["if"] == "failure()" and set(report["needs"]) == {"newest", "links", "seeds", "arithmetic"}
    subprocess.run(["bash", "-e", "-c", report["steps"][0]["run"]], cwd=tmp_path, check=True, env=environment)
    written = [line for line in asked.read_text().splitlines() if not line.startswith("issue list")]
    assert len(written) == len(expected)
    assert all(line.startswith(start) and environment["RUN"] in line for line, start in zip(written, expected))


def test_the_link_check_finds_a_link_that_leads_nowhere(tmp_path):
    tmp_path.chmod(0o755)  # linkchecker gives up root's rights, and must still read the pages
    for parent in tmp_path.parents:  # as many as the test runner made
        if parent.stat().st_mode & 0o777 == 0o700 and "pytest" in parent.as_posix():
            parent.chmod(0o755)
    command = next(
        entry["run"] for entry in load("weekly.yml")["jobs"]["links"]["steps"] if "linkchecker" in entry.get("run", "")
    ).split()
    command[0] = str(BIN / "linkchecker")
    command[command.index("--config") + 1] = str(ROOT / command[command.index("--config") + 1])
    command[-1] = "index.html"
    page = '<!doctype html><title>A</title><a href="{}">there</a>'
    (tmp_path / "b.html").write_text("<!doctype html><title>B</title>")
    for target, code in (("b.html", 0), ("gone.html", 1), ("http://127.0.0.1:9/", 1)):
        (tmp_path / "index.html").write_text(page.format(target))
        done = subprocess.run([*command, "--no-status"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == code, done.stdout
