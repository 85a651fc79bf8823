"""What an SQL expression over runs asks for, and whether strangers may ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import duckdb

# What cannot take long or much memory, whatever it is given. Not repeat(), range() or format():
# text and lists of any length are made by few letters, before any limit of a database is asked.
_HARMLESS = frozenset(
    """
    + - * / // % ** ^ & | ~ << >> || ~~ !~~ ~~* !~~* ~~~ @
    abs add array_contains ceil ceiling char_length concat concat_ws contains cos cosine_similarity
    date_add date_diff date_part date_trunc datediff datepart datetrunc day dayname dayofmonth
    dayofweek dayofyear divide ends_with epoch epoch_ms epoch_us even exp fdiv floor fmod
    get_current_timestamp greatest hamming hour ifnull ilike_escape isfinite isinf isnan isodow
    isoyear jaro_similarity jaro_winkler_similarity lcase least left length len levenshtein
    like_escape list_any_value list_contains list_count list_extract list_has list_has_all
    list_has_any list_position list_value ln log log10 log2 lower ltrim make_date make_timestamp
    microsecond millisecond minute mod month monthname multiply nextafter not_ilike_escape
    not_like_escape now nullif pi pow power prefix quarter regexp_extract regexp_full_match
    regexp_matches reverse right round rtrim second sign signbit sin sqrt starts_with strftime
    string_split strip_accents strlen strpos strptime struct_extract struct_pack substr substring
    subtract suffix tan timezone to_days to_hours to_milliseconds to_minutes to_months to_seconds
    to_weeks to_years today trim trunc try_strptime ucase unicode upper week weekday weekofyear year
    """.split()
)
_HARMLESS_KINDS = frozenset(
    "BETWEEN CASE CAST COLUMN_REF COMPARISON CONJUNCTION CONSTANT OPERATOR TYPE".split()
)
_NESTED = ("config", "summary")
_EXTRACTS = ("ARRAY_EXTRACT", "STRUCT_EXTRACT")


class Asked(NamedTuple):
    """What an expression names.

    Attributes:
        columns: Names of columns, in lower case; other names may be among them.
        keys: The keys of config and summary, in lower case; None for all of them.
        inner: Those of them in which it names something further, as in ``summary.loss.min``.
        forbidden: What strangers may not ask, in words; empty if there is nothing.
    """

    columns: frozenset[str]
    keys: dict[str, frozenset[str] | None]
    inner: dict[str, frozenset[str]]
    forbidden: str


def read_expression(connection: duckdb.DuckDBPyConnection, text: str) -> Asked:
    """Take an expression apart.

    Raises:
        duckdb.Error: It is no expression.
    """
    sql = {"sql": f"SELECT {text}"}
    try:
        found = connection.execute("SELECT json_serialize_sql($sql)", sql)
        ((answer,),) = found.fetchall()
        tree = json.loads(answer)
    except UnicodeEncodeError:
        raise duckdb.ParserException("it is no text") from None
    except RecursionError:
        raise duckdb.ParserException("it is too deep") from None
    if tree.get("error") or len(tree["statements"]) != 1:
        # Says what is wrong with it.
        duckdb.SQLExpression(text)
        raise duckdb.ParserException(tree.get("error_message") or "it is no expression")
    node = tree["statements"][0]["node"]
    names: set[str] = set()
    keys: dict[str, set[str]] = {name: set() for name in _NESTED}
    inner: dict[str, set[str]] = {name: set() for name in _NESTED}
    whole: set[str] = set()
    forbidden = ""
    for part in _parts(node.get("select_list", node)):
        kind = part["class"]
        if kind == "COLUMN_REF":
            path = [name.lower() for name in part["column_names"]]
            names.update(path)
            for at, name in enumerate(path):
                if name in keys:
                    if at + 1 < len(path):
                        keys[name].add(path[at + 1])
                        inner[name].update(path[at + 1 : -1][:1])
                    else:
                        whole.add(name)
        elif kind == "FUNCTION":
            if part["function_name"].lower() not in _HARMLESS:
                forbidden = forbidden or f"{part['function_name']}() cannot be used here"
        elif kind not in _HARMLESS_KINDS:
            forbidden = forbidden or f"a {kind.lower()} cannot be used here"
    return Asked(
        frozenset(names),
        {name: None if name in whole else frozenset(keys[name]) for name in _NESTED},
        {name: frozenset(inner[name]) for name in _NESTED},
        forbidden,
    )


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    """Every part of an expression that has a class. Not by recursion: it may be deep."""
    left = [tree]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            if "class" in item:
                yield item
            path = _key_of_struct(item)
            if path:
                left.append({"class": "COLUMN_REF", "column_names": path})
            else:
                left += item.values()
        elif isinstance(item, list):
            left += item


def _key_of_struct(item: dict[str, Any]) -> list[str]:
    """``config['learning rate']`` as the names that it has with a dot; empty for anything else."""
    keys: list[str] = []
    while item.get("class") == "OPERATOR" and item.get("type") in _EXTRACTS:
        item, key = item["children"]
        # As DuckDB 2 writes constants, and as those before it did.
        literal, value = key.get("literal") or {}, key.get("value") or {}
        text = literal.get("text") if literal.get("kind") == "STRING" else value.get("value")
        if not isinstance(text, str):
            return []
        keys.insert(0, text)
    if not keys or item.get("class") != "COLUMN_REF":
        return []
    return [*item["column_names"], *keys]
