"""The migrated database keeps the rules of docs/data-model.md, in every table, partition, index and grant.

Each rule is one query for what breaks it, over the catalogue and not over a list of ours: a table that a later
migration adds is held to the rules as well.
"""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.dialects import postgresql

from agent.storage import tables
from agent.storage.migrate import LOGINS
from tests.databases import Database

WORLDWIDE = "column_classifications"
_ROLES = ("agent_app", "agent_control", "agent_maint", "agent_auditor", "agent_eraser", "agent_backup", "agent_owner")
_RELATIONS = "c.relnamespace = 'agent'::regnamespace AND c.relkind IN ('r', 'p')"
_TABLES = f"{_RELATIONS} AND NOT c.relispartition"
_APPEND_ONLY = [
    "audit_logs",
    "audit_seals",
    "data_access_logs",
    "security_events",
    "credential_statuses",
    "status_list_entries",
    "status_list_blocks",
    "did_documents",
    "erasure_acts",
]


@pytest_asyncio.fixture
async def catalogue(shared_database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(shared_database.admin)
    yield connection
    await connection.close()


async def _broken(catalogue: asyncpg.Connection, query: str, *arguments: object) -> list[str]:
    return sorted(" ".join(str(value) for value in row) for row in await catalogue.fetch(query, *arguments))


# What is there


async def test_the_tables_of_the_code_are_the_tables_of_the_database(catalogue: asyncpg.Connection) -> None:
    found = await _broken(catalogue, f"SELECT relname FROM pg_class c WHERE {_TABLES}")
    assert found == sorted(tables.__all__)
    assert all(getattr(tables, name).name == name for name in tables.__all__)


@pytest.mark.parametrize("name", tables.__all__)
async def test_columns_and_types_of_the_code_are_those_of_the_database(
    catalogue: asyncpg.Connection, name: str
) -> None:
    rows = await catalogue.fetch(
        """SELECT a.attname, format_type(coalesce(nullif(e.typbasetype, 0), nullif(t.typbasetype, 0), a.atttypid), NULL)
                  || CASE WHEN e.typbasetype > 0 THEN '[]' ELSE '' END
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem
            WHERE a.attrelid = format('agent.%I', $1::text)::regclass AND a.attnum > 0 AND NOT a.attisdropped""",
        name,
    )
    dialect = postgresql.dialect()
    ours = {column.name: column.type.compile(dialect).lower() for column in getattr(tables, name).c}
    assert ours == {row[0]: row[1].replace("character", "text") for row in rows}


# R1: tenant_id everywhere, keys composite


async def test_every_row_names_its_tenant(catalogue: asyncpg.Connection) -> None:
    assert (
        await _broken(
            catalogue,
            f"""SELECT relname FROM pg_class c WHERE {_RELATIONS} AND relname <> ALL ($1) AND NOT EXISTS (
              SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull
                 AND a.atttypid = 'uuid'::regtype)""",
            ["tenants", WORLDWIDE],
        )
        == []
    )


async def test_every_key_and_unique_index_begins_with_the_tenant(catalogue: asyncpg.Connection) -> None:
    """R1 and R5; replay_marks begins with the slot it is partitioned by, and names the tenant too."""
    broken = await _broken(
        catalogue,
        f"""SELECT c.relname, i.indexrelid::regclass FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid
             WHERE {_RELATIONS} AND i.indisunique AND c.relname <> ALL ($1)
               AND (SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attnum = i.indkey[0]) <> 'tenant_id'""",
        ["tenants", WORLDWIDE],
    )
    assert broken == []


async def test_every_table_and_partition_has_a_primary_key(catalogue: asyncpg.Connection) -> None:
    assert (
        await _broken(
            catalogue,
            f"""SELECT relname FROM pg_class c WHERE {_RELATIONS}
               AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)""",
        )
        == []
    )


async def test_every_foreign_key_carries_the_tenant_on_both_sides(catalogue: asyncpg.Connection) -> None:
    """`tenant_id` to `tenant_id`, or a catalogue reference `x_tenant_id` to `tenant_id`; to `tenants` by its id."""
    rows = await catalogue.fetch(
        """SELECT k.conname, k.conrelid::regclass::text AS there, k.confrelid = 'agent.tenants'::regclass AS of_tenant,
                  (SELECT attname FROM pg_attribute WHERE attrelid = k.conrelid AND attnum = k.conkey[1]) AS mine,
                  (SELECT attname FROM pg_attribute WHERE attrelid = k.confrelid AND attnum = k.confkey[1]) AS theirs,
                  cardinality(k.conkey) AS width
             FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'agent'::regnamespace"""
    )
    assert len(rows) > 100
    broken = [
        dict(row)
        for row in rows
        if (row["of_tenant"] and (row["mine"], row["theirs"], row["width"]) != ("tenant_id", "id", 1))
        or (not row["of_tenant"] and (not row["mine"].endswith("tenant_id") or row["theirs"] != "tenant_id"))
        or (not row["of_tenant"] and row["width"] < 2)
    ]
    assert broken == []


async def test_a_catalogue_reference_is_checked_to_be_ours_or_the_systems(catalogue: asyncpg.Connection) -> None:
    columns = await catalogue.fetch(
        f"""SELECT c.relname, a.attname, ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
                                                WHERE k.conrelid = c.oid AND k.contype = 'c') AS checks
              FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE {_TABLES} AND a.attname LIKE '%\\_tenant\\_id'"""
    )
    assert columns
    check = "CHECK ((({0} = tenant_id) OR ({0} = '00000000-0000-0000-0000-000000000000'::uuid)))"
    loose = [(row["relname"], row["attname"]) for row in columns if check.format(row["attname"]) not in row["checks"]]
    assert loose == []


async def test_a_deletion_never_empties_a_tenant_column(catalogue: asyncpg.Connection) -> None:
    assert (
        await _broken(
            catalogue,
            """SELECT k.conrelid::regclass, k.conname FROM pg_constraint k
            WHERE k.contype = 'f' AND k.connamespace = 'agent'::regnamespace AND k.confdeltype IN ('n', 'd')
              AND (k.confdelsetcols IS NULL OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid
                   AND a.attnum = ANY (k.confdelsetcols) AND a.attname LIKE '%tenant_id'))""",
        )
        == []
    )


# R2: fences


async def test_row_security_is_enabled_and_forced_everywhere(catalogue: asyncpg.Connection) -> None:
    count = await catalogue.fetchval(f"SELECT count(*) FROM pg_class c WHERE {_RELATIONS}")
    assert count > len(tables.__all__)
    assert (
        await _broken(
            catalogue,
            f"SELECT relname FROM pg_class c WHERE {_RELATIONS} AND NOT (relrowsecurity AND relforcerowsecurity)",
        )
        == []
    )


@pytest.mark.parametrize("command", ["r", "a", "w", "d"])
async def test_every_table_has_a_restrictive_fence_around_its_tenant(
    catalogue: asyncpg.Connection, command: str
) -> None:
    """For each command one, that compares the tenant column with the transaction's tenant and nothing looser."""
    column = "CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END"
    mine = f"'(' || {column} || ' = ( SELECT agent.current_tenant() AS current_tenant))'"
    shared = f"'(' || {mine} || ' OR (tenant_id = agent.system_tenant()))'"
    clause = {"r": "polqual", "a": "polwithcheck", "w": "polqual", "d": "polqual"}[command]
    broken = await _broken(
        catalogue,
        f"""SELECT c.relname FROM pg_class c WHERE {_TABLES} AND c.relname <> $1 AND NOT EXISTS (
              SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive AND p.polcmd = $2::text::"char"
                 AND (pg_get_expr(p.{clause}, c.oid) = {mine}
                      OR ($2 = 'r' AND pg_get_expr(p.{clause}, c.oid) = {shared} AND c.relname = ANY ($3)))
                 AND ($2 <> 'w' OR pg_get_expr(p.polwithcheck, c.oid) = {mine}))""",
        WORLDWIDE,
        command,
        [
            "credential_schemas",
            "credential_types",
            "trust_registries",
            "trust_anchors",
            "trust_chains",
            "trust_chain_members",
            "subscription_tiers",
        ],
    )
    assert broken == []


async def test_the_application_stands_behind_every_fence(catalogue: asyncpg.Connection) -> None:
    """A fence that names roles names agent_app among them: only the owner, control and upkeep ever step aside."""
    assert (
        await _broken(
            catalogue,
            """SELECT polrelid::regclass, polname FROM pg_policy WHERE NOT polpermissive AND polrelid::regclass::text LIKE 'agent.%'
              AND polname LIKE 'fence%' AND polname <> 'fence_expired'
              AND NOT (polroles = '{0}' OR 'agent_app'::regrole = ANY (polroles))""",
        )
        == []
    )


async def test_no_policy_opens_more_than_the_fence(catalogue: asyncpg.Connection) -> None:
    """Permissive policies: `admit` everywhere, and the directory of tenants for the owner's look-up by name."""
    found = await _broken(
        catalogue,
        """SELECT DISTINCT polname, CASE polname WHEN 'admit' THEN '' ELSE polrelid::regclass::text END
             FROM pg_policy p JOIN pg_class c ON c.oid = polrelid AND c.relnamespace = 'agent'::regnamespace
            WHERE polpermissive""",
    )
    assert [one.strip() for one in found] == ["admit", "directory agent.tenants"]


async def test_partitions_are_reached_through_their_parent_only(catalogue: asyncpg.Connection) -> None:
    """Rebuilding an index of one, which shows no row, is the maintenance role's."""
    assert (
        await _broken(
            catalogue,
            """SELECT c.relname, g.grantee::regrole, g.privilege_type FROM pg_class c, aclexplode(c.relacl) g
            WHERE c.relnamespace = 'agent'::regnamespace AND c.relispartition AND c.relkind IN ('r', 'p')
              AND g.grantee <> c.relowner AND NOT (g.grantee = 'agent_backup'::regrole AND g.privilege_type = 'SELECT')
              AND NOT (g.grantee = 'agent_maint'::regrole AND g.privilege_type = 'MAINTAIN')""",
        )
        == []
    )
    assert (
        await _broken(
            catalogue,
            "SELECT polrelid::regclass FROM pg_policy JOIN pg_class c ON c.oid = polrelid WHERE c.relispartition",
        )
        == []
    )


async def test_nothing_is_granted_to_everybody(catalogue: asyncpg.Connection) -> None:
    assert (
        await _broken(
            catalogue,
            f"SELECT c.relname FROM pg_class c, aclexplode(c.relacl) g WHERE {_RELATIONS} AND g.grantee = 0",
        )
        == []
    )


# R3: a tenant for one transaction


async def test_no_function_sets_a_tenant_for_a_session(catalogue: asyncpg.Connection) -> None:
    sources = await catalogue.fetch("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'agent'::regnamespace")
    setting = [row for row in sources if "set_config" in row["prosrc"]]
    assert setting
    assert [row["proname"] for row in setting if re.search(r"set_config\([^;]*false\)", row["prosrc"])] == []


# R4: sealed


async def test_a_column_is_called_what_it_is(catalogue: asyncpg.Connection) -> None:
    """`x_sealed` is sealed; `x_index` is a blind index unless it counts."""
    assert (
        await _broken(
            catalogue,
            f"""SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
             WHERE {_TABLES} AND ((a.attname LIKE '%\\_sealed') AND a.atttypid <> 'agent.sealed'::regtype
                OR a.attname LIKE '%\\_index' AND a.atttypid NOT IN ('agent.blind_index'::regtype, 'bigint'::regtype))""",
        )
        == []
    )


# R6: roles


async def test_runtime_roles_have_no_powers(catalogue: asyncpg.Connection) -> None:
    assert (
        await _broken(
            catalogue,
            """SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)
              AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AND rolname <> 'agent_backup')""",
            [*_ROLES, *LOGINS],
        )
        == []
    )


async def test_runtime_roles_own_nothing(catalogue: asyncpg.Connection) -> None:
    owners = await catalogue.fetch(
        """SELECT DISTINCT relowner::regrole::text AS role, 'relation' AS kind FROM pg_class WHERE relnamespace = 'agent'::regnamespace
           UNION SELECT proowner::regrole::text, proname FROM pg_proc WHERE pronamespace = 'agent'::regnamespace
                    AND proowner <> 'agent_owner'::regrole"""
    )
    assert sorted(map(tuple, owners)) == [("agent_eraser", "erase"), ("agent_owner", "relation")]


async def test_a_login_is_a_member_of_its_role_alone(catalogue: asyncpg.Connection) -> None:
    """The control role reads the server's counts, too, for advice on indexes."""
    found = await catalogue.fetch(
        """SELECT m.member::regrole::text AS login, m.roleid::regrole::text AS role FROM pg_auth_members m
            WHERE m.member = ANY ($1::text[]::regrole[])""",
        [*LOGINS, *_ROLES],
    )
    counts = {("agent_control", "pg_read_all_stats")}
    assert {(row["login"], row["role"]) for row in found} == {*LOGINS.items(), *counts}


# R7: append-only


async def test_nobody_may_change_what_is_append_only(catalogue: asyncpg.Connection) -> None:
    """Neither in whole nor by a column; the eraser alone deletes, and nobody may become it."""
    assert (
        await _broken(
            catalogue,
            """SELECT t, r, p FROM unnest($1::text[]) t, unnest($2::text[]) r, unnest('{UPDATE,DELETE,TRUNCATE}'::text[]) p
            WHERE (has_table_privilege(r, 'agent.' || t, p) OR p = 'UPDATE' AND has_any_column_privilege(r, 'agent.' || t, p))
              AND NOT (r = 'agent_eraser' AND p = 'DELETE')""",
            _APPEND_ONLY,
            [role for role in _ROLES if role != "agent_owner"],
        )
        == []
    )


async def test_every_append_only_table_and_partition_refuses_by_trigger(catalogue: asyncpg.Connection) -> None:
    """UPDATE (16), DELETE (8) and TRUNCATE (32) before the row or statement, for the owner too."""
    rows = await catalogue.fetch(
        f"""SELECT c.relname, coalesce((SELECT bit_or(g.tgtype) FROM pg_trigger g WHERE g.tgrelid = c.oid
                   AND g.tgname LIKE 'append_only%' AND g.tgenabled = 'O' AND g.tgtype & 2 > 0), 0) & 56 AS events
              FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent
             WHERE {_RELATIONS} AND coalesce(p.relname, c.relname) = ANY ($1)""",
        _APPEND_ONLY,
    )
    assert len(rows) > len(_APPEND_ONLY)
    assert [row["relname"] for row in rows if row["events"] != 56] == []


# R8: searches that row security allows


async def test_every_index_serves_a_leakproof_search(catalogue: asyncpg.Connection) -> None:
    """A btree over columns whose equality is leakproof; no expression over a column.

    Two unique indexes only forbid and are never searched: the one active key of a purpose, a segment of a period.
    """
    assert await _broken(
        catalogue,
        f"""SELECT i.indexrelid::regclass FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid
              JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
             WHERE {_RELATIONS} AND (m.amname <> 'btree' OR i.indexprs IS NOT NULL OR EXISTS (
               SELECT FROM unnest(i.indclass::oid[]) o JOIN pg_opclass k ON k.oid = o
                 JOIN pg_amop a ON a.amopfamily = k.opcfamily AND a.amopstrategy = 3
                      AND a.amoplefttype = k.opcintype AND a.amoprighttype = k.opcintype
                 JOIN pg_operator e ON e.oid = a.amopopr JOIN pg_proc f ON f.oid = e.oprcode WHERE NOT f.proleakproof))""",
    ) == ["agent.archive_segments_tenant_id_table_name_period_tier_key", "agent.key_pairs_active"]


# R9: open words


async def test_no_check_lists_words_that_plugins_add_to(catalogue: asyncpg.Connection) -> None:
    """Formats, algorithms, methods and media types are text in the specifications' own spelling."""
    assert (
        await _broken(
            catalogue,
            f"""SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
              JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]
             WHERE {_TABLES} AND a.attname IN ('format', 'algorithm', 'media_type', 'method', 'identifier_kind', 'key_store',
                   'mechanism')
               AND c.relname NOT IN ('tenant_keys', 'archive_segments') AND pg_get_constraintdef(k.oid) LIKE '%ANY%'""",
        )
        == []
    )


# R10: classes


async def test_every_column_has_a_class_and_every_class_a_column(catalogue: asyncpg.Connection) -> None:
    assert (
        await _broken(
            catalogue,
            f"""WITH there AS (SELECT c.relname::text AS t, a.attname::text AS n FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                            WHERE {_TABLES} AND a.attnum > 0 AND NOT a.attisdropped),
                 said AS (SELECT table_name AS t, column_name AS n FROM agent.column_classifications)
            (TABLE there EXCEPT TABLE said) UNION ALL (TABLE said EXCEPT TABLE there)""",
        )
        == []
    )
