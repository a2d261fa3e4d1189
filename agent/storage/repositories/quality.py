"""Quality rules: named checks in code, never SQL from a row; all within the tenant's fence."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import bindparam, func, select

from agent.scope.quality import DEFAULTS, PROFILED, Profile, Result, Rule
from agent.storage import tables
from agent.storage.statements import Row, Statement

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_SHOWN = 20
# Each says of every row that it looks at, by its id, whether it fails. $1 is the tenant, $2 the time.
_CHECKS: Mapping[str, str] = {
    "account_reachable": """
SELECT id, num_nonnulls(email_index, phone_index, external_id_index) = 0 AS bad FROM agent.users
 WHERE tenant_id = $1 AND status = 'active'""",
    "type_has_schema": "SELECT id, schema_definition IS NULL AS bad FROM agent.credential_types WHERE tenant_id = $1",
    "one_account": """
SELECT id, phone_index IS NOT NULL AND count(*) OVER (PARTITION BY phone_index) > 1 AS bad FROM agent.users
 WHERE tenant_id = $1 AND status = 'active'""",
    "list_agrees": """
SELECT id, CASE status WHEN 'active' THEN value <> 0 ELSE value = 0 END AS bad FROM (
  SELECT c.id, c.status, get_byte(s.bits, ((e.idx * r.bits / 8) % r.shard_bytes)::integer)
         >> (CASE WHEN left(r.type, 17) = 'token_status_list' THEN e.idx * r.bits % 8
                  ELSE 8 - r.bits - e.idx * r.bits % 8 END)::integer & ((1 << r.bits) - 1) AS value
    FROM agent.credentials c
    JOIN agent.status_list_entries e ON e.tenant_id = c.tenant_id AND e.credential_id = c.id
    JOIN agent.revocation_registries r ON r.tenant_id = c.tenant_id AND r.id = e.registry_id
    JOIN agent.status_list_shards s ON s.tenant_id = c.tenant_id AND s.registry_id = r.id
     AND s.shard_no = (e.idx * r.bits / 8) / r.shard_bytes
   WHERE c.tenant_id = $1 AND (c.status = 'active' AND r.purpose IN ('revocation', 'suspension')
      OR c.status = 'revoked' AND r.purpose = 'revocation'
      OR c.status = 'suspended' AND r.purpose = 'suspension')) told""",
    "key_in_use": """
SELECT k.id, NOT EXISTS (SELECT FROM agent.credentials c WHERE c.tenant_id = k.tenant_id AND c.subject_key_id = k.id)
   AND NOT EXISTS (SELECT FROM agent.issuances i WHERE i.tenant_id = k.tenant_id AND i.subject_key_id = k.id)
   AND NOT EXISTS (SELECT FROM agent.presentations p WHERE p.tenant_id = k.tenant_id AND p.subject_key_id = k.id)
   AND NOT EXISTS (SELECT FROM agent.claim_records r WHERE r.tenant_id = k.tenant_id AND r.subject_key_id = k.id) AS bad
  FROM agent.subject_keys k WHERE k.tenant_id = $1 AND k.subject_index IS NOT NULL AND k.destroyed_at IS NULL""",
    "not_past_end": """
SELECT id, expires_at < $2::timestamptz AS bad FROM agent.credentials
 WHERE tenant_id = $1 AND status = 'active' AND expires_at IS NOT NULL""",
    "trust_current": """
SELECT id, next_update < $2::timestamptz AS bad FROM agent.trust_registries
 WHERE tenant_id = $1 AND next_update IS NOT NULL""",
    "key_current": """
SELECT id, expires_at < $2::timestamptz AS bad FROM agent.key_pairs
 WHERE tenant_id = $1 AND owner = 'tenant' AND state = 'active' AND expires_at IS NOT NULL""",
    "list_published": """
SELECT r.id, EXISTS (SELECT FROM agent.status_list_shards s WHERE s.tenant_id = r.tenant_id AND s.registry_id = r.id
  AND s.version > 0 AND s.changed_at < $2::timestamptz - interval '1 hour'
  AND s.changed_at > coalesce(r.published_at, r.created_at)) AS bad
  FROM agent.revocation_registries r WHERE r.tenant_id = $1""",
    "time_possible": """
SELECT id, issued_at > $2::timestamptz + interval '1 day' AS bad FROM agent.credentials WHERE tenant_id = $1""",
}
_LOOK = """
SELECT count(*) AS checked, count(*) FILTER (WHERE bad) AS failed, (array_agg(id) FILTER (WHERE bad))[1:{shown}] AS rows
  FROM ({check}) looked, (SELECT $2::timestamptz) now"""
_BEGIN = """
INSERT INTO agent.quality_rules (tenant_id, name, dimension, table_name, check_name, threshold)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[]) ON CONFLICT DO NOTHING"""
_RULES = """
SELECT q.id, q.name, q.dimension, q.table_name, q.check_name, q.threshold, q.is_active, coalesce(jsonb_agg(
       jsonb_build_array(r.checked_at, r.checked, r.failed, r.details -> 'rows') ORDER BY r.checked_at DESC)
       FILTER (WHERE r.checked_at IS NOT NULL), '[]') AS results
  FROM agent.quality_rules q LEFT JOIN LATERAL (
       SELECT * FROM agent.quality_results r WHERE r.tenant_id = q.tenant_id AND r.rule_id = q.id
        ORDER BY r.checked_at DESC LIMIT $2) r ON true
 WHERE q.tenant_id = $1
 GROUP BY q.tenant_id, q.id, q.name, q.dimension, q.table_name, q.check_name, q.threshold, q.is_active
 ORDER BY q.dimension, q.name"""
_KEEP = """
INSERT INTO agent.quality_results (tenant_id, rule_id, checked_at, checked, failed, details)
VALUES ($1, $2, $3, $4, $5, $6)"""
_CHANGE = """
UPDATE agent.quality_rules SET threshold = coalesce($3::numeric, threshold), is_active = coalesce($4, is_active)
 WHERE tenant_id = $1 AND id = $2 RETURNING id"""


def _profile(name: str) -> Statement:
    table = getattr(tables, name)
    columns = [func.count(column).label(column.name) for column in table.c]
    return Statement(select(func.count(), *columns).where(table.c.tenant_id == bindparam("tenant")))


_PROFILES = {name: _profile(name) for name in PROFILED}


class QualityRepository:
    """`scope.quality.Quality`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit, self._connection = unit, unit.connection

    async def begin(self) -> None:
        """One statement."""
        named = ("name", "dimension", "table", "check", "threshold")
        columns = [[getattr(rule, name) for rule in DEFAULTS] for name in named]
        await self._connection.execute(_BEGIN, self._unit.tenant_id, *columns)

    async def rules(self, results: int) -> Sequence[Rule]:
        """One statement."""
        rows = await self._connection.fetch(_RULES, self._unit.tenant_id, results)
        return [_rule(row) for row in rows]

    async def change(self, rule: UUID, threshold: float | None, active: bool | None) -> bool:
        """One statement."""
        row = await self._connection.fetchval(_CHANGE, self._unit.tenant_id, rule, threshold, active)
        return row is not None

    async def look(self, rule: Rule) -> Result:
        """One statement. Raises KeyError for a check that this version does not know."""
        sql = _LOOK.format(shown=_SHOWN, check=_CHECKS[rule.check])
        row = await self._connection.fetchrow(sql, self._unit.tenant_id, self._unit.now)
        assert row is not None
        return Result(self._unit.now, row["checked"], row["failed"], [str(one) for one in row["rows"] or ()])

    async def keep(self, rule: Rule, result: Result) -> None:
        """One statement."""
        values = (rule.id, result.checked_at, result.checked, result.failed, {"rows": list(result.rows)[:_SHOWN]})
        await self._connection.execute(_KEEP, self._unit.tenant_id, *values)

    async def profile(self, table: str) -> Profile:
        """One statement over the tenant's rows."""
        row = await _PROFILES[table].row(self._connection, tenant=self._unit.tenant_id)
        assert row is not None
        count, *present = row
        shares = dict(zip(list(row.keys())[1:], present, strict=True))
        lacking = {name: round(found / count, 4) for name, found in shares.items() if found < count}
        return Profile(table, count, lacking)


def _rule(row: Row) -> Rule:
    return Rule(
        id=row["id"],
        name=row["name"],
        dimension=row["dimension"],
        table=row["table_name"],
        check=row["check_name"],
        threshold=float(row["threshold"]),
        active=row["is_active"],
        results=[Result(datetime.fromisoformat(one[0]), one[1], one[2], one[3] or ()) for one in row["results"]],
    )
