ALTER TABLE authenticators ADD COLUMN preferred BIGINT NOT NULL DEFAULT 0;

-- The service for which the person's phone rings, while it does, and since when. Of an ended attempt: nothing.
ALTER TABLE attempts ADD COLUMN ringing TEXT;
ALTER TABLE attempts ADD COLUMN ringing_since BIGINT;
CREATE INDEX attempts_ringing ON attempts (user_id) WHERE ringing IS NOT NULL;

-- Rows are made when there is something to say of a device.
CREATE TABLE devices (
    id TEXT NOT NULL PRIMARY KEY REFERENCES authenticators (id) ON DELETE CASCADE,
    push {blob},
    push_since BIGINT,
    last_seen BIGINT,
    last_shown BIGINT,
    last_answered BIGINT,
    trouble TEXT
);

CREATE TABLE deliveries (
    attempt TEXT NOT NULL,
    authenticator TEXT NOT NULL,
    state TEXT NOT NULL,
    user_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (attempt, authenticator, state)
) {by_key};
CREATE INDEX deliveries_at ON deliveries (at);

CREATE TABLE tokens (
    kind TEXT NOT NULL,
    digest {blob} NOT NULL,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    payload {blob} NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (kind, digest)
);
CREATE INDEX tokens_user ON tokens (user_id, kind) WHERE user_id IS NOT NULL;
CREATE INDEX tokens_expires ON tokens (expires);

-- What the gateway makes once for all nodes.
CREATE TABLE kept (
    name TEXT NOT NULL PRIMARY KEY,
    value {blob} NOT NULL
);
