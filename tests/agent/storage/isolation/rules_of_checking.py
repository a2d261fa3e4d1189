"""Rules of data that the database keeps by itself: sessions, versions, retention, verification, trust, replay."""

import time

from tests.agent.storage.isolation.cases import CHECK, RESTRICT, UNIQUE, Cases, Step, refusal
from tests.agent.storage.isolation.world import ALPHA, BETA, World, digest, named

CASES = Cases()

_SESSION = "INSERT INTO sessions (user_id, token_hash, ip_network, expires_at) VALUES ($1, $2, '192.0.2.7/32', now())"
CASES.refused("a whole network address is not kept in clear", (_SESSION, ALPHA.user, digest("token")), code=CHECK)

_QUERY = (
    "INSERT INTO dcql_queries (id, name, dcql_query, digest) VALUES ($1, 'age', '{}', $2)",
    named("q"),
    digest("q"),
)
_ACTIVATE = ("""UPDATE dcql_queries SET dcql_query = '{"a":1}', state = 'active'""",)
_FIXED = (_QUERY, _ACTIVATE)
CASES.refused("an active version is fixed", *_FIXED, ("UPDATE dcql_queries SET dcql_query = '{}'",), code=RESTRICT)
CASES.refused(
    "an active version is no draft again", *_FIXED, ("UPDATE dcql_queries SET state = 'draft'",), code=RESTRICT
)
CASES.refused("an active version is not deleted", *_FIXED, ("DELETE FROM dcql_queries",), code=RESTRICT)
CASES.taken("an active version may retire", *_FIXED, ("UPDATE dcql_queries SET state = 'retired'",))

_KEEP = """INSERT INTO retention_policies (table_name, classification, erase_mode, erase_after)
  VALUES ('t', 'internal', $1, $2::text::interval)"""
CASES.taken("a policy keeps for ever without an interval", (_KEEP, "indefinitely", None))
CASES.taken("a policy keeps until revoked without an interval", (_KEEP, "until_revoked", None))
CASES.refused("a policy that erases after a time says after how long", (_KEEP, "after", None), code=CHECK)
CASES.refused("a policy that keeps for ever has no interval", (_KEEP, "indefinitely", "1 year"), code=CHECK)

VERIFIER, REQUEST = named("verifier"), named("request")
_ASKED: tuple[Step, ...] = (
    (
        """INSERT INTO verifiers (id, identifier_kind, identifier, name, type)
           VALUES ($1, 'https', 'https://verifier.example', 'V', 'x')""",
        VERIFIER,
    ),
    (
        """INSERT INTO presentation_requests (id, verifier_id, request_id, requested_credentials, response_mode,
             challenge_hash, domain, expires_at)
           VALUES ($1, $2, 'r', '{}', 'direct_post', $3, 'd', now() + interval '5 min')""",
        *(REQUEST, VERIFIER, digest("nonce")),
    ),
)
_RESULT = "INSERT INTO verification_results (request_id, verifier_id, is_valid, errors, answer_hash) VALUES ($1, $2, $3, $4, $5)"
_GARBAGE = (_RESULT, REQUEST, VERIFIER, False, ["malformed"], digest("garbage"))
_VALID = (_RESULT, REQUEST, VERIFIER, True, [], None)
CASES.taken("refused garbage has a result without a presentation", *_ASKED, _GARBAGE)
CASES.refused("nothing is valid without a presentation", *_ASKED, _VALID, code=CHECK)


def _chain(depth: int) -> tuple[Step, ...]:
    """A trust chain of two members that says it has so many."""
    registry, chain, anchors = named("registry of alpha"), named("chain"), (named("anchor 0"), named("anchor 1"))
    anchor = """INSERT INTO trust_anchors (registry_id, id, identifier_kind, identifier, entity_type, name, trust_level)
      VALUES ($1, $2, 'did', $3, 'registrar', 'n', 'high')"""
    member = "INSERT INTO trust_chain_members (chain_id, position, anchor_tenant_id, anchor_id) VALUES ($1, $2, $3, $4)"
    return (
        ("INSERT INTO trust_registries (id, name, version) VALUES ($1, 'own', '1')", registry),
        *((anchor, registry, one, f"did:web:{number}") for number, one in enumerate(anchors)),
        (
            """INSERT INTO trust_chains (id, root_anchor_tenant_id, root_anchor_id, chain_depth, validated_at, is_valid)
               VALUES ($1, $2, $3, $4, now(), true)""",
            *(chain, ALPHA.id, anchors[0], depth),
        ),
        *((member, chain, number, ALPHA.id, one) for number, one in enumerate(anchors)),
    )


CASES.taken("a whole chain is taken", *_chain(2))
CASES.refused(
    "a chain with a gap is refused when it is to be kept", *_chain(3), ("SET CONSTRAINTS ALL IMMEDIATE",), code=CHECK
)

_MARK = "INSERT INTO replay_marks (slot, kind, mark, day) VALUES (($1::int % 8)::smallint, 'dpop', $2, $1::int)"


@CASES.told
async def a_replay_mark_is_set_once_in_a_tenant_and_again_in_another(world: World) -> None:
    today = int(time.time() // 86400)
    async with world.enter("app", ALPHA) as alpha, world.enter("app", BETA) as beta:
        assert await refusal(alpha, _MARK, today, digest("jti")) is None
        assert await refusal(alpha, _MARK, today, digest("jti")) == UNIQUE
        assert await refusal(beta, _MARK, today, digest("jti")) is None


_WRONG_SLOT = ("INSERT INTO replay_marks (slot, kind, mark, day) VALUES (3, 'dpop', $1, 4)", digest("jti"))
CASES.refused("a mark lies in the slot of its day", _WRONG_SLOT, code=CHECK)
