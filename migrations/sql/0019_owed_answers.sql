-- What goes back on a peer's own connection is owed until it went: the message that it answers leads to it.
-- Messages were known by the DID of who sent them; from now on by the connection, which stays when DIDs rotate.
SET ROLE agent_owner;
ALTER TABLE agent.messages ADD COLUMN answer_id uuid;  -- no foreign key: both go with their thread
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed) VALUES
  ('messages', 'answer_id', 'internal', false, false);
RESET ROLE;
