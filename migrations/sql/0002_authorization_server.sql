-- The authorization code flow: what a token is bound to, and whose a refresh token is.
SET ROLE agent_owner;
ALTER TABLE agent.issuances
  ADD COLUMN by_identifier boolean NOT NULL DEFAULT false,   -- credential_identifiers were handed out with the token
  ADD COLUMN certificate_thumbprint agent.digest256;         -- RFC 8705, 3: beside dpop_thumbprint, never both
ALTER TABLE agent.refresh_token_families
  ADD COLUMN client_hash agent.digest256;                    -- client_id and the key of the wallet's instance
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed) VALUES
  ('issuances', 'by_identifier', 'internal', false, false),
  ('issuances', 'certificate_thumbprint', 'sensitive', true, false),
  ('refresh_token_families', 'client_hash', 'sensitive', true, false);
RESET ROLE;
