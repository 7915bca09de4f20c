CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    name TEXT {octets} NOT NULL,
    display_name TEXT,
    mail TEXT,
    member_of TEXT NOT NULL,
    -- Name, display name and mail in lower case, for searching.
    sought TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    created BIGINT NOT NULL,
    last_login BIGINT,
    password_hash {blob},
    UNIQUE (source, subject_id)
);
CREATE UNIQUE INDEX users_local_name ON users (name) WHERE source = 'local';
CREATE INDEX users_name ON users (name, id);

CREATE TABLE authenticators (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    method TEXT NOT NULL,
    label TEXT NOT NULL,
    secret {blob} NOT NULL,
    high_water BIGINT NOT NULL,
    drift BIGINT NOT NULL,
    confirmed BIGINT NOT NULL,
    created BIGINT NOT NULL,
    last_used BIGINT,
    -- After a backup was restored, nothing of this authenticator is taken before this moment.
    held_until BIGINT
);
CREATE INDEX authenticators_user ON authenticators (user_id);

CREATE TABLE spent_items (
    authenticator_id TEXT NOT NULL REFERENCES authenticators (id) ON DELETE CASCADE,
    item TEXT NOT NULL,
    spent BIGINT NOT NULL,
    PRIMARY KEY (authenticator_id, item)
) {by_key};

CREATE TABLE attempts (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    user_id TEXT,
    -- Only while it is open; an ended attempt is joined by nobody.
    coalesce_key {blob},
    turn BIGINT NOT NULL,
    -- When its time is up; of an ended one, when it ended.
    expires BIGINT NOT NULL,
    is_open BIGINT NOT NULL,
    allowed BIGINT NOT NULL,
    payload {blob} NOT NULL
);
CREATE UNIQUE INDEX attempts_coalesce ON attempts (coalesce_key) WHERE coalesce_key IS NOT NULL;
CREATE INDEX attempts_open ON attempts (expires) WHERE is_open = 1;
CREATE INDEX attempts_ended ON attempts (expires) WHERE is_open = 0;
CREATE INDEX attempts_user ON attempts (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE counters (
    name TEXT {octets} NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_failure BIGINT,
    locked_until BIGINT
) {by_key};

CREATE TABLE trust (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    service TEXT NOT NULL,
    station TEXT NOT NULL,
    method TEXT NOT NULL,
    granted BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    -- Over all the other columns, with a key that is not in the database: a row that we did not write is not believed.
    proof {blob} NOT NULL,
    UNIQUE (user_id, service, station)
);

CREATE TABLE audit (
    node TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    user_id TEXT,
    record TEXT NOT NULL,
    previous {blob} NOT NULL,
    hash {blob} NOT NULL,
    PRIMARY KEY (node, sequence)
);
CREATE INDEX audit_user ON audit (user_id, at) WHERE user_id IS NOT NULL;
CREATE INDEX audit_witnesses ON audit (node, sequence) WHERE event = 'audit.witness';

CREATE TABLE audit_heads (
    node TEXT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash {blob} NOT NULL,
    signature {blob} NOT NULL
);
