"""Tables for the SelectObject tests of oss2, generated because the archive lacks them.

They have the columns and keys that the tests name, and values for each of their conditions.
"""

import csv
import gzip
import io
import json
from pathlib import Path

ROWS = 300
BROKEN_ROWS = 3000

_MEASURES = (
    ("Visits to dentists among adults aged >=18 Years", "Prevention", "Dental Visit"),
    ("High blood pressure among adults aged >=18 Years", "Health Outcomes", "High Blood Pressure"),
    ("Taking medicine for blood pressure control", "Prevention", "Medication"),
    ("Binge drinking among adults aged >=18 Years", "Unhealthy Behaviors", "Binge Drinking"),
    ("Obesity among adults aged 18–64 Years", "Unhealthy Behaviors", "Obesity"),
)
_CITIES = ("Birmingham", "", "Hoover", "Mobile")


def write(folder: Path) -> None:
    """Write the tables and documents, plain and compressed."""
    table = _table(ROWS).encode()
    objects = [_person(number) for number in range(100)]
    document = json.dumps({"meta": {"total_count": len(objects)}, "objects": objects}, indent=4)
    lines = "\n".join(json.dumps(each, indent=4) for each in objects)
    files = {
        "sample_data.csv": table,
        "sample_data.csv.gz": gzip.compress(table),
        "invalid_sample_data.csv": _broken(),
        "sample_json.json": document.encode(),
        "sample_json.json.gz": gzip.compress(document.encode()),
        "sample_json_lines.json": lines.encode(),
    }
    for name, content in files.items():
        folder.joinpath(name).write_bytes(content)


def _table(count: int) -> str:
    text = io.StringIO()
    rows = [_row(number) for number in range(count)]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(number: int) -> dict[str, object]:
    measure, category, short = _MEASURES[number % len(_MEASURES)]
    value = "" if number % 11 == 0 else f"{14.8 + number % 60 * 1.1:.1f}"
    return {
        "Year": 2015 - (number % 7 == 0),
        "StateAbbr": "US" if number % 4 == 1 else "AL",
        "CityName": _CITIES[number % len(_CITIES)],
        "Category": category,
        "Measure": measure,
        "Data_Value_Unit": "%",
        "Data_Value": value,
        "High_Confidence_Limit": value and f"{float(value) + 0.4:.1f}",
        "PopulationCount": 1000 + number * 37,
        "GeoLocation": f"({33 + number / 1000}, -86.{number})",
        "Short_Question_Text": short,
    }


def _broken() -> bytes:
    """Return a table in which a quote near the end is never closed."""
    lines = _table(BROKEN_ROWS).splitlines(keepends=True)
    lines[-40] = f'"{lines[-40]}'
    return "".join(lines).encode()


def _person(number: int) -> dict[str, object]:
    kennedy = number == 42
    return {
        "congress_numbers": [113, 114, 115 + number % 2],
        "current": True,
        "extra": {"address": f"{number} Main Street", "contact_form": "https://example.com/form"},
        "leadership_title": None,
        "party": ("Democrat", "Republican")[number % 2],
        "person": {
            "birthday": f"19{50 + number % 15}-02-{1 + number % 28:02}",
            "cspanid": 1011723 if number == 77 else 50000 + number,
            "firstname": "John" if kennedy else f"First{number}",
            "lastname": "Kennedy" if kennedy else f"Last {number}",
        },
        "senator_rank": ("junior", "senior")[number % 3 == 0],
        "startdate": f"20{13 + number % 3 * 2}-01-03",
        "state": ("CA", "WI", "OH")[number % 3],
    }
