//! What applications send for one login, as scripts. Each tells the result codes of its binds as the person.

/// An application, as the directory meets it.
pub(super) struct Trace {
    pub(super) application: &'static str,
    script: &'static str,
    /// Binds as the person, for one login.
    pub(super) binds: usize,
    pub(super) is_parallel: bool,
}

impl Trace {
    pub(super) fn script(&self) -> String {
        [COMMON, self.script, "say(codes)\n"].concat()
    }
}

pub(super) const TRACES: &[Trace] = &[JENKINS, GITLAB, NEXTCLOUD, DOVECOT, PARALLEL];

const COMMON: &str = r#"
import time
codes = []
def manager(connection=None):
    connection = connection or connect()
    connection.simple_bind_s(given["manager"], given["manager_password"])
    return connection
def find(connection):
    [(dn, _)] = connection.search_s(given["base"], ldap.SCOPE_SUBTREE, "(uid=%s)" % given["login"], ["cn", "mail"])
    return dn
def sign_in(connection, dn):
    codes.append(attempt(lambda: connection.simple_bind_s(dn, given["typed"]))["code"])
    return connection
"#;

/// Looks the person up on one connection and binds on a new one; again for the token that the page asks for.
const JENKINS: Trace = Trace {
    application: "Jenkins",
    script: r#"
for _ in range(2):
    dn = find(manager())
    person = sign_in(connect(), dn)
    person.unbind_s()
"#,
    binds: 2,
    is_parallel: false,
};

/// Everything on one connection: as itself, as the person, as itself again; and the same for the second request.
const GITLAB: Trace = Trace {
    application: "GitLab",
    script: r#"
connection = connect()
for _ in range(2):
    dn = find(manager(connection))
    sign_in(connection, dn)
    manager(connection)
    assert find(connection) == dn
"#,
    binds: 2,
    is_parallel: false,
};

/// A new connection for each request of the person's browser, for as long as the page loads.
const NEXTCLOUD: Trace = Trace {
    application: "Nextcloud",
    script: r#"
agent = manager()
for turn in range(4):
    time.sleep(1 if turn else 0)
    sign_in(connect(), find(agent))
"#,
    binds: 4,
    is_parallel: false,
};

/// `auth_bind` with `auth_bind_userdn`: no lookup, and one connection for everybody's passwords; Postfix asks it as well.
const DOVECOT: Trace = Trace {
    application: "Dovecot and Postfix",
    script: r#"
passwords, users = connect(), manager()
dn = "uid=%s,%s" % (given["login"], given["base"])
for _ in range(2):
    sign_in(passwords, dn)
    assert find(users) == dn
wrong = attempt(lambda: passwords.simple_bind_s("uid=user0099," + given["base"], "a guess"))
assert wrong["code"] == 49
sign_in(passwords, dn)
"#,
    binds: 3,
    is_parallel: false,
};

/// A page whose parts are served by workers that each bind, all at once.
pub(super) const PARALLEL: Trace = Trace {
    application: "a page with four workers",
    script: r#"
from concurrent.futures import ThreadPoolExecutor
dn = find(manager())
with ThreadPoolExecutor(4) as workers:
    list(workers.map(lambda _: sign_in(connect(), dn), range(4)))
"#,
    binds: 4,
    is_parallel: true,
};
