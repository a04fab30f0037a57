"""PostgreSQL with the extension pgvector: a table with a row a passage."""

from __future__ import annotations

import re
from typing import Any

from ...errors import DatabaseError, InputError
from ...index.schema import DOCUMENT, HEADING, ID, PART, PASSAGE, SOURCE, START, STOP, VECTOR
from .base import CONNECT_TIMEOUT, Description, client, require_name, translated
from .rows import FACTS, Rows
from .target import Target

_METADATA = "metadata"
_COLUMNS = {
    ID: "text PRIMARY KEY", DOCUMENT: "text NOT NULL", PART: "integer NOT NULL", SOURCE: "text NOT NULL",
    START: "bigint NOT NULL", STOP: "bigint NOT NULL", HEADING: "text", PASSAGE: "text NOT NULL",
    _METADATA: "jsonb NOT NULL DEFAULT '{}'",
}  # fmt: skip
#: Before the note, a line of the table's comment.
_SIGN = "sbert upload: "


class PgvectorTable:
    """A table with the columns ``id``, ``document``, ``passage``, ``heading`` ..., ``metadata`` and ``vector``.

    It has no approximate index: a query compares all rows, exactly, until somebody makes one. The password may also
    come from ``PGPASSWORD`` or ``~/.pgpass``.

    Args:
        target: the database.
        name: of the table, perhaps with its schema in front: ``schema.table``.
    """

    def __init__(self, target: Target, name: str) -> None:
        self._target = target
        self._psycopg = client("psycopg", target, "pgvector", "psycopg")
        self._sql = client("psycopg.sql", target, "pgvector", "psycopg")
        self._numpy = client("pgvector.psycopg", target, "pgvector", "pgvector")
        part = r"[A-Za-z_][A-Za-z0-9_]{0,62}"
        rule = "letters, digits and '_', 63 at the most, perhaps with a schema and '.' in front"
        self._name = require_name(name, rf"({part}\.)?{part}", rule)
        self._table = self._sql.Identifier(*name.split("."))
        self._registered = False
        with translated(target, f"{target.shown} cannot be opened", self._psycopg.Error):
            self._connection: Any = self._psycopg.connect(
                target.url, connect_timeout=CONNECT_TIMEOUT, autocommit=True, application_name="sbert"
            )

    def describe(self) -> Description | None:  # noqa: D102  (as Collection says)
        with self._asking("described"):
            oid = self._one("SELECT to_regclass(%s)::oid", self._table.as_string(self._connection))
            if oid is None:
                return None
            rows = self._connection.execute(
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                "WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped",
                (oid,),
            ).fetchall()
            _, note = self._comment()
        columns = dict(rows)
        missing = [name for name in (*_COLUMNS, VECTOR) if name not in columns]
        width = re.search(r"vector\((\d+)\)", columns.get(VECTOR, ""))
        if missing or width is None:
            what = f"no column {missing[0]!r}" if missing else f"a column 'vector' of the type {columns[VECTOR]}"
            raise DatabaseError(
                f"The table {self._name} of {self._target.shown} has {what}: it was not made for passages. "
                "Choose another name."
            )
        return Description(int(width[1]), None, note)  # each query says by what it compares

    def create(self, dimension: int, similarity: str) -> None:  # noqa: ARG002, D102
        sql = self._sql
        with self._asking("made"):
            if self._one("SELECT 1 FROM pg_extension WHERE extname = 'vector'") is None:
                self._connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            columns = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in _COLUMNS.items()
            )
            self._connection.execute(
                sql.SQL("CREATE TABLE {} ({}, {} vector({}) NOT NULL)").format(
                    self._table, columns, sql.Identifier(VECTOR), sql.Literal(dimension)
                )
            )

    def drop(self) -> None:  # noqa: D102
        with self._asking("removed"):
            self._connection.execute(self._sql.SQL("DROP TABLE {}").format(self._table))

    def upsert(self, rows: Rows) -> None:
        """By COPY in its binary form into a table of this transaction, and from there into the real one."""
        sql = self._sql
        jsonb = client("psycopg.types.json", self._target, "pgvector", "psycopg").Jsonb
        names = [ID, *FACTS, PASSAGE, _METADATA, VECTOR]
        listed = sql.SQL(", ").join(map(sql.Identifier, names))
        kept = sql.SQL(", ").join(
            sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name)) for name in names if name != ID
        )
        for row, name in enumerate(rows.ids):
            texts = (rows.passages[row], *rows.facts[row].values(), *rows.metadata[row].values())
            if any(isinstance(text, str) and "\0" in text for text in texts):
                raise InputError(f"The passage {name!r} holds the character of code 0, which PostgreSQL cannot hold.")
        with self._asking("written to"), self._connection.transaction():
            run = self._connection.execute
            if not self._registered:
                self._numpy.register_vector(self._connection)
                self._registered = True
            run("SET LOCAL client_min_messages = error")
            run("DROP TABLE IF EXISTS pg_temp.sbert_rows")
            run(sql.SQL("CREATE TEMP TABLE sbert_rows (LIKE {}) ON COMMIT DROP").format(self._table))
            cursor = self._connection.cursor()
            with cursor.copy(sql.SQL("COPY sbert_rows ({}) FROM STDIN WITH (FORMAT BINARY)").format(listed)) as copy:
                kinds = {PART: "int4", START: "int8", STOP: "int8", _METADATA: "jsonb", VECTOR: "vector"}
                copy.set_types([kinds.get(name, "text") for name in names])
                for row, name in enumerate(rows.ids):
                    facts = rows.facts[row]
                    metadata = jsonb(dict(rows.metadata[row]))
                    copy.write_row(
                        [name, *(facts[each] for each in FACTS), rows.passages[row], metadata, rows.vectors[row]]
                    )
            run(
                sql.SQL("INSERT INTO {} ({}) SELECT {} FROM sbert_rows ON CONFLICT ({}) DO UPDATE SET {}").format(
                    self._table, listed, listed, sql.Identifier(ID), kept
                )
            )

    def keep(self, record: str) -> None:  # noqa: D102
        with self._asking("given a note"):
            others, _ = self._comment()
            text = self._sql.Literal("\n".join([*others, _SIGN + record]))
            self._connection.execute(self._sql.SQL("COMMENT ON TABLE {} IS {}").format(self._table, text))

    def count(self) -> int:  # noqa: D102
        with self._asking("counted"):
            return int(self._one(self._sql.SQL("SELECT count(*) FROM {}").format(self._table)))

    def close(self) -> None:  # noqa: D102
        self._connection.close()

    def _comment(self) -> tuple[list[str], str | None]:
        """The lines of the table's comment that others wrote, and the note."""
        name = self._table.as_string(self._connection)
        written = self._one("SELECT obj_description(to_regclass(%s), 'pg_class')", name)
        lines = [] if written is None else str(written).split("\n")
        notes = [line[len(_SIGN) :] for line in lines if line.startswith(_SIGN)]
        return [line for line in lines if not line.startswith(_SIGN)], notes[-1] if notes else None

    def _one(self, query: Any, *values: Any) -> Any:
        """The first value of the first row; None for no row."""
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else row[0]

    def _asking(self, done: str) -> Any:
        what = f"The table {self._name} of {self._target.shown} cannot be {done}"
        return translated(self._target, what, self._psycopg.Error)
