{postgres}-- A gateway of an older version may be writing meanwhile, its end first and then its lines: it waits until this is done.
{postgres}-- Behind a long read (a backup) all would wait with us: then this start fails, and the next one tries again.
{postgres}SET LOCAL lock_timeout = '3s';
{postgres}LOCK TABLE audit_heads IN ACCESS EXCLUSIVE MODE;
{postgres}LOCK TABLE audit IN ACCESS EXCLUSIVE MODE;

-- The audit log by person. A line gets here together with thousands of others, sorted: filed at once, each login would change
-- one more page of the database, because people sign in in no order.
CREATE TABLE audit_by_user (
    user_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    node TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (user_id, at, node, sequence)
) {by_key};
INSERT INTO audit_by_user (user_id, at, node, sequence)
    SELECT user_id, at, node, sequence FROM audit WHERE user_id IS NOT NULL ORDER BY user_id, at, node, sequence;
DROP INDEX audit_user;

-- Up to which line of a node those that are about somebody are in there.
ALTER TABLE audit_heads ADD COLUMN filed BIGINT NOT NULL DEFAULT 0;
UPDATE audit_heads SET filed = sequence;
