-- A credential that the tenant itself holds has no wallet, as the tenant's own DIDs and connections have none.
SET ROLE agent_owner;
DO $$
DECLARE
  name text;
BEGIN
  SELECT conname INTO STRICT name FROM pg_constraint
   WHERE conrelid = 'agent.credentials'::regclass AND contype = 'c'
     AND pg_get_constraintdef(oid) LIKE '%held%wallet_id IS NOT NULL%';
  EXECUTE format('ALTER TABLE agent.credentials DROP CONSTRAINT %I', name);
END $$;
ALTER TABLE agent.credentials ADD CONSTRAINT credentials_held
  CHECK (role <> 'held' OR proof_sealed IS NOT NULL OR status = 'erased');
RESET ROLE;
