"""Nothing forgotten: rules that PostgreSQL's catalogue answers for all tables at once."""

from typing import Any

from tests.agent.storage.isolation.cases import Case, Cases
from tests.agent.storage.isolation.world import World

CASES = Cases()
_TABLES = "c.relnamespace = 'agent'::regnamespace AND c.relkind IN ('r', 'p')"
_WHOLE = f"{_TABLES} AND NOT c.relispartition"
_FOREIGN_KEYS = """contype = 'f' AND connamespace = 'agent'::regnamespace AND conparentid = 0
    AND confrelid <> 'agent.tenants'::regclass"""
_CLASSES = f"""pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    JOIN agent.column_classifications k ON k.table_name = relname AND k.column_name = attname WHERE {_WHOLE}"""


def _finds(name: str, query: str, *allowed: tuple[Any, ...]) -> None:
    """A case: the query names offenders, and finds none but the allowed."""

    async def check(world: World) -> None:
        async with world.admin() as admin:
            assert {tuple(row) for row in await admin.fetch(query)} == set(allowed)

    CASES.append(Case(name, check))


_finds(
    "every table and partition enables and forces row security",
    f"SELECT relname FROM pg_class c WHERE {_TABLES} AND NOT (relrowsecurity AND relforcerowsecurity)",
)
_finds(
    "every foreign key but the one to tenants is composite",
    f"SELECT conname FROM pg_constraint WHERE {_FOREIGN_KEYS} AND array_length(conkey, 1) < 2",
)
_finds(
    "every table has four restrictive fences",
    f"""SELECT relname FROM pg_class c WHERE {_WHOLE} AND relname <> 'column_classifications'
        AND (SELECT array_agg(DISTINCT polcmd::text ORDER BY polcmd::text) FROM pg_policy WHERE polrelid = c.oid
               AND NOT polpermissive AND polname LIKE 'fence%' AND polname <> 'fence_expired')
            IS DISTINCT FROM ARRAY['a', 'd', 'r', 'w']""",
)
_finds(
    "every primary key begins with the tenant",
    f"""SELECT relname FROM pg_class c JOIN pg_index ON indrelid = c.oid AND indisprimary WHERE {_WHOLE}
        AND (SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attnum = indkey[0]) <> 'tenant_id'""",
    ("tenants",),
    ("column_classifications",),
)
_finds(
    "every foreign key that cascades is indexed, where its rows are not few",
    f"""SELECT conname FROM pg_constraint k WHERE {_FOREIGN_KEYS} AND confdeltype IN ('c', 'n') AND NOT EXISTS (
          SELECT FROM pg_index WHERE indrelid = conrelid
             AND (indkey::int2[])[0:array_length(conkey, 1) - 1] @> conkey::int2[])""",
    ("api_keys_tenant_id_user_id_fkey",),
    ("key_pairs_tenant_id_rotation_of_fkey",),
    ("sessions_tenant_id_authenticator_id_fkey",),
)
_finds(
    "every column has a class",
    f"""SELECT relname, attname FROM pg_class c JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
        WHERE {_WHOLE} AND NOT EXISTS (SELECT FROM agent.column_classifications
          WHERE table_name = relname AND column_name = attname)""",
)
_finds(
    "a column is called sealed when its type is",
    f"SELECT relname, attname FROM {_CLASSES} AND k.sealed <> (atttypid = 'agent.sealed'::regtype)",
)
_finds(
    "no restricted column is in clear",
    f"""SELECT relname, attname FROM {_CLASSES} AND k.class = 'restricted' AND atttypid NOT IN ('agent.sealed'::regtype,
          'agent.digest256'::regtype, 'agent.blind_index'::regtype, 'bytea'::regtype)""",
)
_finds(
    "the public executes the two tenant functions and nothing else",
    """SELECT proname FROM pg_proc WHERE pronamespace = 'agent'::regnamespace
        AND has_function_privilege('public', oid, 'execute')""",
    ("current_tenant",),
    ("system_tenant",),
)
_finds(
    "every function with its owner's rights fixes its search path",
    """SELECT proname FROM pg_proc WHERE pronamespace = 'agent'::regnamespace AND prosecdef
        AND NOT EXISTS (SELECT FROM unnest(proconfig) x WHERE x LIKE 'search_path=%')""",
)
_finds(
    "nobody may become the eraser",
    """SELECT member::regrole::text FROM pg_auth_members m WHERE roleid = 'agent_eraser'::regrole
        AND NOT (SELECT rolsuper FROM pg_roles WHERE oid = member)
        AND coalesce(to_jsonb(m) ->> 'set_option', 'true') = 'true'""",
)
