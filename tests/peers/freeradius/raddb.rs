//! The files FreeRADIUS reads, written for one role.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use super::{Directory, FilesUser, Home, Role, Setup};

pub(super) const NAME: &str = "peer";

/// Where distributions put FreeRADIUS's modules.
const MODULE_FOLDERS: [&str; 3] = ["/usr/lib/freeradius", "/usr/lib64/freeradius", "/usr/local/lib/freeradius"];
const DICTIONARY: &str = "$INCLUDE /usr/share/freeradius/dictionary\n";

/// The folder that has the modules for `role`.
pub(super) fn module_folder(role: &Role) -> Option<PathBuf> {
    let needed = match role {
        Role::Files(_) => "rlm_files.so",
        Role::Ldap(_) => "rlm_ldap.so",
        Role::Proxy(_) => "rlm_pap.so",
    };
    MODULE_FOLDERS.iter().map(PathBuf::from).find(|folder| folder.join(needed).exists())
}

pub(super) fn write(setup: &Setup, folder: &Path, modules: &Path, port: u16) -> io::Result<()> {
    std::fs::write(folder.join("dictionary"), DICTIONARY)?;
    if let Role::Files(users) = &setup.role {
        std::fs::write(folder.join("users"), users_file(users))?;
    }
    std::fs::write(folder.join(format!("{NAME}.conf")), server_file(setup, folder, modules, port))
}

fn server_file(setup: &Setup, folder: &Path, modules: &Path, port: u16) -> String {
    let Setup { secret, authorize, threads, .. } = setup;
    let parts = Parts::of(&setup.role, folder);
    let (folder, modules) = (folder.display(), modules.display());
    let Parts { outside, modules: module_sections, authorize: role_authorize, authenticate } = parts;
    format!(
        r#"
name = {NAME}
prefix = /usr
logdir = {folder}
run_dir = {folder}
libdir = {modules}
max_request_time = 30
cleanup_delay = 2
max_requests = 65536
hostname_lookups = no
log {{
    destination = stdout
    auth = no
}}
security {{
    max_attributes = 200
    reject_delay = 0
    status_server = yes
}}
thread pool {{
    start_servers = {threads}
    max_servers = {threads}
    min_spare_servers = 1
    max_spare_servers = {threads}
    max_queue_size = 65536
}}
client loopback {{
    ipaddr = 127.0.0.1
    secret = {secret}
}}
{outside}
modules {{
    # What a test's own lines of "authorize" may end with.
    always handled {{
        rcode = handled
    }}
    always reject {{
        rcode = reject
    }}
    {module_sections}
}}
server default {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = {port}
    }}
    authorize {{
        {authorize}
        {role_authorize}
    }}
    authenticate {{
        {authenticate}
    }}
}}
"#
    )
}

/// What a role puts where in the file.
struct Parts {
    outside: String,
    modules: String,
    authorize: &'static str,
    authenticate: &'static str,
}

impl Parts {
    fn of(role: &Role, folder: &Path) -> Self {
        match role {
            Role::Files(_) => Self::files(folder),
            Role::Ldap(directory) => Self::ldap(directory),
            Role::Proxy(home) => Self::proxy(home),
        }
    }

    fn files(folder: &Path) -> Self {
        let users = folder.join("users");
        Self {
            outside: "proxy_requests = no".to_owned(),
            modules: format!(
                "files {{\n usersfile = {}\n}}\npap {{\n}}\nchap {{\n}}\nmschap {{\n}}\n",
                users.display()
            ),
            authorize: "chap\nmschap\nfiles\npap\n",
            authenticate: "Auth-Type PAP {\n pap\n}\nAuth-Type CHAP {\n chap\n}\nAuth-Type MS-CHAP {\n mschap\n}\nmschap\n",
        }
    }

    fn ldap(directory: &Directory) -> Self {
        let Directory { url, base_dn, login_attribute, service } = directory;
        let service = service.as_ref().map_or_else(String::new, |(dn, password)| {
            format!("identity = {}\npassword = {}\n", quoted(dn), quoted(password))
        });
        let modules = format!(
            r#"
    ldap {{
        server = "{url}"
        {service}
        base_dn = "{base_dn}"
        update {{
        }}
        user {{
            base_dn = "{base_dn}"
            filter = "({login_attribute}=%{{User-Name}})"
        }}
        options {{
            chase_referrals = no
            res_timeout = 10
            net_timeout = 5
        }}
        pool {{
            start = 4
            min = 4
            max = 32
            spare = 8
            uses = 0
            retry_delay = 1
            lifetime = 0
            idle_timeout = 0
        }}
    }}
"#
        );
        Self {
            outside: "proxy_requests = no".to_owned(),
            modules,
            authorize: "ldap\nif (User-Password) {\n update control {\n Auth-Type := LDAP\n }\n}\n",
            authenticate: "Auth-Type LDAP {\n ldap\n}\n",
        }
    }

    fn proxy(home: &Home) -> Self {
        let (ip, port) = (home.address.ip(), home.address.port());
        let outside = format!(
            r#"
proxy_requests = yes
proxy server {{
    default_fallback = no
}}
home_server upstream {{
    type = auth
    ipaddr = {ip}
    port = {port}
    secret = {}
    response_window = 20
    status_check = none
}}
home_server_pool upstreams {{
    type = fail-over
    home_server = upstream
}}
realm upstream {{
    auth_pool = upstreams
    nostrip
}}
"#,
            home.secret
        );
        Self {
            outside,
            modules: "pap {\n}".to_owned(),
            authorize: "update control {\n Proxy-To-Realm := upstream\n}\n",
            authenticate: "Auth-Type PAP {\n pap\n}\n",
        }
    }
}

fn users_file(users: &[FilesUser]) -> String {
    let mut file = String::new();
    for FilesUser { name, password, reply } in users {
        let reply: Vec<_> = reply.iter().map(|(attribute, value)| format!("\n\t{attribute} = {value}")).collect();
        // Writing to a String does not fail.
        write!(file, "{} Cleartext-Password := {}{}\n\n", quoted(name), quoted(password), reply.join(",")).ok();
    }
    file
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
