"""The documentation is whole: snippets parse, links lead somewhere, pages have their parts."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.spec import contract

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "spec").rglob("*.md")])
SNIPPET = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")

sys.path.insert(0, str(ROOT / "scripts"))
import traceability  # noqa: E402


def snippets() -> Iterator[tuple[str, str, str]]:
    for page in PAGES:
        for language, text in SNIPPET.findall(page.read_text(encoding="utf-8")):
            yield page.relative_to(ROOT).as_posix(), language, text


def fault_of(language: str, text: str) -> str | None:
    """What is wrong with a snippet, or None."""
    try:
        if language == "python":
            ast.parse(text)
        elif language == "json":
            json.loads(text)
        elif language == "yaml":
            list(yaml.safe_load_all(text))
        elif language in ("sh", "bash"):
            shell = shutil.which("bash") or "sh"
            done = subprocess.run([shell, "-n"], input=text, text=True, capture_output=True, check=False)
            return done.stderr or None
        elif language not in ("text", "sql", "http"):
            return f"a snippet in {language} cannot be checked"
    except (SyntaxError, ValueError, yaml.YAMLError) as error:
        return str(error)
    return None


@pytest.mark.requirement("CM-14")
def test_every_snippet_parses():
    faults = [f"{page}: {fault}" for page, *snippet in snippets() if (fault := fault_of(*snippet))]
    assert faults == []


@pytest.mark.parametrize(
    ("language", "text"),
    [("python", "def :"), ("json", "{'a': 1}"), ("yaml", "a: b: c"), ("sh", "echo 'open"), ("cobol", "")],
)
def test_a_broken_snippet_is_seen(language, text):
    assert fault_of(language, text) is not None


def test_every_link_to_a_file_leads_to_one():
    lost = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in PAGES
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in link and not link.startswith("mailto:") and not (page.parent / link).exists()
    ]
    assert lost == []


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        (page.name, target)
        for page in PAGES
        for target in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))
    }
    assert [each for each in sorted(named) if each[1] not in targets] == []


@pytest.mark.requirement("PL-17")
def test_every_decision_says_status_context_decision_and_consequences():
    decisions = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in decisions] == list(range(1, len(decisions) + 1))
    for page in decisions:
        text = page.read_text(encoding="utf-8")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Status", "Context", "Decision", "Consequences"], page.name
        assert page.name in (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")


def test_the_changelog_tells_the_version_of_the_contract():
    version = contract().version
    assert f"contract {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.requirement("D6-11")
def test_marks_name_requirements_that_exist():
    proven = traceability.proofs()
    assert proven
    assert set(proven) <= set(traceability.requirements())


@pytest.mark.requirement("D6-11")
def test_the_traceability_table_shows_tests_and_gaps_in_80_columns(tmp_path):
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "@pytest.mark.requirement('A-1', 'A-9')\n"
        "class TestIt:\n"
        "    @pytest.mark.requirement('A-3')\n"
        "    async def test_that_it_works(self): ...\n"
    )
    texts = {"A-1": "one " * 40, "A-2": "two", "A-3": "three"}

    lines = list(traceability.table(texts, traceability.proofs(tmp_path)))

    assert max(map(len, lines)) <= 80
    assert lines.count("       ✓ test_some.py: that it works") == 2
    assert lines[-3:] == [
        "2 of 3 requirements have a test.",
        "Without a test: A-2",
        "A-9 is marked in test_some.py, but is no requirement.",
    ]
