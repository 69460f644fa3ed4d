"""Each gate lets the small project pass, and says no to each thing that it looks for, in words that help."""

from datetime import date

import pytest
import yaml

from cloudmetrics.gates import authorization, breaking, coverage, drift, examples, lint, tables, valid
from cloudmetrics.gates.models import GateBroken, NothingToDo, Project

from .conftest import ROOT

pytestmark = pytest.mark.slow

THINGS = "spec/paths/things.yaml"
THING = "spec/paths/things_{thing_id}.yaml"
SCHEMA = "spec/components/schemas/Thing.yaml"
CREATE = "spec/components/schemas/ThingCreate.yaml"


def told(result) -> list[str]:
    return [str(finding) for finding in result.findings]


@pytest.mark.parametrize("gate", [valid, lint, examples, breaking, drift], ids=lambda gate: gate.__name__)
def test_a_sound_project_passes(small, gate):
    assert told(gate.look(small)) == []


class TestValid:
    def test_a_reference_that_leads_nowhere(self, small):
        small.edit(THINGS, "schemas/ThingCreate.yaml", "schemas/Gone.yaml")
        (found,) = told(valid.look(small))
        assert found.startswith(
            f"{THINGS}:11:18: the reference ../components/schemas/Gone.yaml leads nowhere"
        )
        assert found.endswith("correct the path")

    def test_a_reference_with_a_slip_names_what_may_be_meant(self, small):
        small.edit(THINGS, "schemas/ThingCreate.yaml", "schemas/ThingCreat.yaml")
        (found,) = told(valid.look(small))
        assert found.endswith("correct the path: ThingCreate.yaml is there")

    def test_an_example_that_breaks_its_schema(self, small):
        small.edit(THINGS, "{name: Cup}", "{name: 7}")
        (found,) = told(valid.look(small))
        assert found.startswith(f"{THINGS}:13:25: the example breaks its schema at /name")

    def test_a_file_that_nothing_refers_to(self, small):
        (small.root / "spec/components/schemas/Left.yaml").write_text("{type: string, maxLength: 1}\n")
        (found,) = told(valid.look(small))
        assert found.startswith("spec/components/schemas/Left.yaml:1:1: nothing refers to this file [unused]")

    def test_broken_yaml_has_its_line(self, small):
        small.edit(SCHEMA, "required: [id, name]", "required: [id, name")
        assert any(found.startswith(f"{SCHEMA}:4:") for found in told(valid.look(small)))


class TestLint:
    """By what the repository's own .spectral.yml says; tests/gates/test_rules.py tries each rule."""

    def test_a_finding_names_the_line_that_somebody_wrote(self, small):
        small.edit(CREATE, ", maxLength: 20", "")
        (found,) = told(lint.look(small))
        assert found.startswith(f"{CREATE}:6:3: Every string has a greatest length [strings-have-limits]")
        assert "Add maxLength, or an enum" in found

    def test_a_ruleset_that_is_broken_breaks_the_gate(self, small):
        small.edit(
            ".spectral.yml", "extends: [['spectral:oas', all]]", "extends: [['spectral:nothing', all]]"
        )
        with pytest.raises(GateBroken, match=r"Spectral could not work by \.spectral\.yml"):
            lint.look(small)


class TestExamples:
    def test_a_request_example_that_the_server_refuses(self, small):
        small.edit(
            "handlers/things.py",
            'name = body["name"]',
            'return {"status": 400}, 400\n    name = body["name"]',
        )
        (found,) = told(examples.look(small))
        assert found.startswith(f"{THINGS}:1:1: POST /v1/things with the example cup is refused")
        assert found.endswith("mend the example: people copy it")

    def test_an_answer_that_breaks_its_schema(self, small):
        small.edit("handlers/things.py", '{"id": name.lower(), "name": name}', '{"name": name}')
        assert "POST /v1/things with the example cup answers 500" in told(examples.look(small))[0]

    def test_a_status_that_is_not_documented(self, small):
        small.edit("handlers/things.py", "return (thing, 200)", "return (thing, 202)")
        assert told(examples.look(small)) != []


class TestBreaking:
    @pytest.mark.parametrize(
        ("file", "old", "new", "rule"),
        [
            (CREATE, "required: [name]", "required: [name, size]", "request-property"),
            (
                SCHEMA,
                "  name: {type: string, description: What it is called., minLength: 1, maxLength: 20}\n",
                "",
                "",
            ),
            (CREATE, "maxLength: 20", "maxLength: 10", "request-property-max-length-decreased"),
        ],
    )
    def test_a_broken_promise_names_operation_and_cure(self, small, file, old, new, rule):
        small.edit(file, old, new)
        if "size" in new:
            small.edit(THINGS, "{name: Cup}", "{name: Cup, size: big}")
            small.edit(
                file,
                "properties:\n",
                "properties:\n  size: {type: string, description: Big?, maxLength: 9}\n",
            )
        if file == SCHEMA:
            small.edit(file, "required: [id, name]", "required: [id]")
            small.edit("spec/components/responses/Thing.yaml", "{id: cup, name: Cup}", "{id: cup}")
        found = told(breaking.look(small))
        assert any("/v1/things" in each and rule in each and "allowed-breaks.yaml" in each for each in found)

    def test_an_addition_wants_a_new_version_and_nothing_else(self, small):
        small.edit(
            SCHEMA, "properties:\n", "properties:\n  size: {type: string, description: Big?, maxLength: 9}\n"
        )
        (found,) = told(breaking.look(small))
        assert found.startswith("spec/openapi.yaml:4:3: the contract differs from 1.0.0")
        assert found.endswith("raise info.version to 1.1.0")
        small.edit("spec/openapi.yaml", "version: 1.0.0", "version: 1.1.0")
        assert told(breaking.look(type(small)(small.root))) == []

    def test_the_report_names_the_methods_of_the_sdks(self, small):
        small.edit(CREATE, "maxLength: 20", "maxLength: 10")
        report = breaking.look(small).report
        assert "| **breaks** | POST /v1/things | `client.things.create` |" in report

    def test_a_break_may_be_allowed_for_a_while(self, small):
        small.edit(CREATE, "maxLength: 20", "maxLength: 10")
        small.edit("spec/openapi.yaml", "version: 1.0.0", "version: 1.1.0")
        entry = {
            "rule": "request-property-max-length-decreased",
            "operation": "POST /v1/things",
            "reason": "Nobody used it.",
            "until": date(2027, 1, 31),
        }
        (small.root / breaking.ALLOWED).write_text(yaml.safe_dump([entry]))
        assert told(breaking.look(small, today=date(2027, 1, 31))) == []
        (found,) = told(breaking.look(small, today=date(2027, 2, 1)))
        assert "maxLength was decreased" in found

    def test_an_allowance_that_nothing_needs_has_to_go(self, small):
        entry = {"rule": "x", "operation": "GET /v1/things", "reason": "y", "until": date(2999, 1, 1)}
        (small.root / breaking.ALLOWED).write_text(yaml.safe_dump([entry]))
        (found,) = told(breaking.look(small))
        assert found.startswith(
            f"{breaking.ALLOWED}:1:3: x of GET /v1/things is allowed, but nothing breaks so"
        )

    def test_an_allowance_without_a_reason_is_refused(self, small):
        (small.root / breaking.ALLOWED).write_text("- {rule: x, until: 2999-01-01}\n")
        with pytest.raises(GateBroken, match="each entry needs rule, operation, reason and until"):
            breaking.look(small)

    def test_before_the_first_release_there_is_nothing_to_do(self, small):
        (small.root / "spec/released/1.0.0.json").unlink()
        with pytest.raises(NothingToDo):
            breaking.look(small)


class TestDrift:
    def test_an_operation_without_a_handler(self, small):
        small.edit("handlers/things.py", "def get_thing", "def _get_thing")
        (found,) = told(drift.look(small))
        assert found == (
            f"{THING}:8:3: get-thing has no handler [handler]; "
            "write get_thing in handlers/things.py (make scaffold does)"
        )

    def test_a_handler_without_an_operation(self, small):
        small.edit(
            "handlers/things.py",
            "async def get_thing",
            "async def lose_thing():\n    ...\n\n\nasync def get_thing",
        )
        (found,) = told(drift.look(small))
        assert found.startswith("handlers/things.py:14:1: lose_thing is no operation of the contract")

    def test_two_operations_with_one_name_in_the_sdks(self, small):
        small.edit(THING, "operationId: get-thing", "operationId: create-things")
        small.edit(
            "spec/components/responses/Thing.yaml", "operationId: get-thing", "operationId: create-things"
        )
        small.edit("handlers/things.py", "def get_thing", "def create_things")
        (found,) = [each for each in told(drift.look(small)) if "[sdk-name]" in each]
        assert "create-things and create-thing would both be client.things.create" in found

    def test_a_handler_that_nobody_has_written_yet(self, small):
        small.edit(
            "handlers/things.py",
            "    thing = THINGS.get(thing_id)\n    return (thing, 200)",
            '    raise NotImplementedError("later")\n    return (thing, 200)',
        )
        (found,) = told(drift.look(small))
        assert found.startswith("handlers/things.py:14:1: the handler of get-thing is not written yet")

    def test_the_page_of_authorization_says_something_else(self, small):
        small.edit(THING, "{api_key: ['things:read']}", "{api_key: ['things:full']}")
        small.edit(THING, "{bearer: ['things:read']}", "{bearer: ['things:full']}")
        (found,) = told(drift.look(small))
        assert found.startswith(
            f"{authorization.FILE}:11:1: the contract says here: | `get-thing` | `things:full` |"
        )
        assert tables.main(["--project", str(small.root)]) == 0
        assert told(drift.look(small)) == []

    def test_the_page_of_authorization_has_a_line_too_much(self, small):
        path = small.root / authorization.FILE
        path.write_text(path.read_text() + "| `lose-thing` | | | | | | |\n")
        (found,) = told(drift.look(small))
        assert "the contract says here: nothing more" in found

    def test_an_answer_that_the_table_of_coverage_does_not_know(self, small):
        small.edit(THING, "    '304':", "    '303': {description: It is elsewhere.}\n    '304':")
        (found,) = told(drift.look(small))
        assert found == (
            "tests/coverage.yaml:8:1: get-thing has other answers in the table [coverage]; "
            "run the tests of the operation, and then `make tables`"
        )


def test_handlers_and_tables_of_this_repository_have_not_drifted():
    found = [each for each in told(drift.look(Project(ROOT))) if "[sdk-method]" not in each]
    assert found == [], "`make tables` writes the tables anew"


class TestTables:
    """tests/coverage.yaml, and how it is written anew."""

    def lose(self, small) -> None:
        small.edit("tests/coverage.yaml", "304, ", "")

    def test_what_was_seen_is_tested(self, small):
        self.lose(small)
        coverage.remember(small.root, {"get-thing": frozenset({"304", "999"})})
        assert tables.main(["--project", str(small.root)]) == 0
        assert told(drift.look(small)) == []
        assert coverage.read(small.root).untested["get-thing"] == frozenset()

    def test_what_is_untested_does_not_grow_unless_somebody_says_so(self, small, capsys):
        self.lose(small)
        before = (small.root / coverage.FILE).read_text()
        assert tables.main(["--project", str(small.root)]) == 1
        assert "get-thing 304" in capsys.readouterr().err
        assert (small.root / coverage.FILE).read_text() == before
        assert tables.main(["--project", str(small.root), "--grow"]) == 0
        assert coverage.read(small.root).untested["get-thing"] == {"304"}

    def test_what_other_tests_saw_earlier_stays_tested(self, small):
        coverage.remember(small.root, {"get-thing": frozenset({"404"})})
        coverage.remember(small.root, {"create-thing": frozenset({"201"})})
        assert coverage.seen_before(small.root) == {"create-thing": {"201"}, "get-thing": {"404"}}
        before = (small.root / coverage.FILE).read_text()
        assert tables.main(["--project", str(small.root)]) == 0
        assert (small.root / coverage.FILE).read_text() == before

    def test_an_operation_that_is_gone_leaves_the_table(self, small):
        table = coverage.read(small.root)
        renewed = coverage.renewed({"get-thing": frozenset({"200"})}, table, {})
        assert (renewed.tested, renewed.untested) == ({"get-thing": {"200"}}, {"get-thing": frozenset()})

    def test_a_run_of_all_tests_is_compared_with_it(self, small):
        everything = coverage.read(small.root).tested
        assert coverage.judged(small.root, everything) == []
        without = everything | {"create-thing": everything["create-thing"] - {"201"}}
        assert coverage.judged(small.root, without) == ["create-thing 201: no test sees it any more"]

    def test_a_code_that_an_operation_names_is_an_answer_of_its_own(self, small):
        (small.root / "spec/errors.yaml").write_text("- {code: THING_TAKEN, status: 400}\n")
        small.edit(THINGS, "Stores a thing.", "Stores a thing, or answers `THING_TAKEN`.")
        assert "400 THING_TAKEN" in coverage.promised(small)["create-thing"]
