-- A logical export carries the revision that it was made at. The table is whose login made it, the schema the owner's.
GRANT SELECT ON chancery_meta.alembic_version TO agent_backup;
SET ROLE agent_owner;
GRANT USAGE ON SCHEMA chancery_meta TO agent_backup;
RESET ROLE;
