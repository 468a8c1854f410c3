"""Names that would be formulas, headers or scripts, through every file that leaves the logger."""

import csv
import io
import re
import zipfile
from typing import Any

import httpx
import pytest

from logger.export.tables import is_inert

FORMULAS = ('=HYPERLINK("http://evil.example","Alice")', "+1+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "-2+3")
TITLE = 'Art"; filename=evil.exe; x="=1+1'
DAY = "2025-03-03"


@pytest.fixture
async def school(logger: Any) -> Any:
    """Everything that anybody can name, named badly."""
    await logger.sign_in()
    client: httpx.AsyncClient = logger.client
    for number, formula in enumerate(FORMULAS):
        fields = {"name": formula, "department": formula, "version": 0}
        assert (await client.put(f"/v1/people/{number}", json=fields)).status_code in {200, 201}
    made = await client.post("/v1/classes", json={"title": TITLE, "teacher_id": "admin", "room": FORMULAS[0]})
    assert made.status_code == 201, made.text
    class_id = made.json()["class_id"]
    people = [str(number) for number in range(len(FORMULAS))]
    assert (await client.put(f"/v1/classes/{class_id}/roster", json={"people": people})).status_code == 200
    begun = await client.post("/v1/sessions", json={"class_id": class_id, "minutes": 45})
    assert begun.status_code == 201, begun.text
    session_id = begun.json()["session_id"]
    mark = {"status": "late", "reason": FORMULAS[0]}
    assert (await client.put(f"/v1/sessions/{session_id}/marks/0", json=mark)).status_code == 200
    logger.filled = {"class_id": class_id, "session_id": session_id, "person_id": "0", "year": "2025", "month": "3"}
    return logger


def files_of(school: Any, kind: str) -> list[str]:
    paths = [path for method, path in school.routes() if method == "GET" and path.endswith(".{kind}")]
    assert len(paths) > 15
    return [
        re.sub(r"{(\w+)(?::\w+)?}", lambda found: {**school.filled, "kind": kind}[found[1]], path) for path in paths
    ]


async def fetched(school: Any, path: str) -> httpx.Response:
    answer: httpx.Response = await school.client.get(path)
    if answer.status_code == 422:  # it wants to know of which days
        answer = await school.client.get(path, params={"from": DAY, "to": DAY})
    disposition = answer.headers.get("content-disposition", "")
    assert re.fullmatch(r"attachment; filename\*=UTF-8''[\w%.~-]+", disposition), (path, disposition)
    return answer


async def test_no_cell_of_any_csv_is_a_formula(school: Any) -> None:
    seen = ""
    for path in files_of(school, "csv"):
        text = (await fetched(school, path)).content.decode("utf-8-sig")
        dangerous = [cell for row in csv.reader(io.StringIO(text)) for cell in row if not is_inert(cell)]
        assert [cell for cell in dangerous if not re.fullmatch(r"-?[\d.]+", cell)] == [], path
        seen += text
    assert all(f"'{formula[:8]}" in seen.replace('""', '"') for formula in FORMULAS)  # they were there


async def test_no_cell_of_any_workbook_is_a_formula_or_leads_elsewhere(school: Any) -> None:
    texts = ""
    for path in files_of(school, "xlsx"):
        with zipfile.ZipFile(io.BytesIO((await fetched(school, path)).content)) as workbook:
            for name in workbook.namelist():
                part = workbook.read(name).decode()
                if name.startswith("xl/worksheets/"):
                    assert "<f>" not in part, path
                    assert "hyperlink" not in part, path
                assert 'TargetMode="External"' not in part, path
                texts += part
    assert "HYPERLINK(" in texts  # as text


async def test_a_title_adds_nothing_to_a_calendar(school: Any) -> None:
    class_id = school.filled["class_id"]
    answer = await school.client.get(f"/v1/classes/{class_id}/calendar.ics")
    assert answer.status_code == 200
    names = {line.partition(":")[0].partition(";")[0] for line in answer.text.split("\r\n") if line[:1].isalpha()}
    assert all(re.fullmatch(r"[A-Z][A-Z-]*", name) for name in names)
