//! The domain itself: made by `samba-tool domain provision`, and served with as little as LDAP needs.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::process::Command;

use super::{ADMIN_PASSWORD, DOMAIN, Programs, REALM, text};
use crate::certificates::TestCa;
use crate::errand;

/// Takes three seconds on an idle machine, and ours may be building beside us.
const PATIENCE: Duration = Duration::from_secs(120);

const HOST: &str = "dc1";

/// What a domain begins with; Debian has it in a package of its own.
const TEMPLATES: &str = "/usr/share/samba/setup";

pub(super) fn has_templates() -> bool {
    Path::new(TEMPLATES).join("provision.ldif").exists()
}

/// Make the domain's files below `folder`, and nothing anywhere else.
pub(super) async fn provision(programs: &Programs, folder: &Path, address: Ipv4Addr) -> anyhow::Result<()> {
    let mut command = Command::new(&programs.samba_tool);
    // The machine's own smb.conf would be copied from.
    command.args([
        "domain",
        "provision",
        "--quiet",
        "--configfile=/dev/null",
        "--server-role=dc",
        "--dns-backend=NONE",
    ]);
    command.args([format!("--targetdir={}", text(folder)), format!("--realm={REALM}"), format!("--domain={DOMAIN}")]);
    command.args([format!("--host-name={HOST}"), format!("--host-ip={address}")]);
    // The tool takes it no other way; it is no secret, and the directory is gone with the test.
    command.arg(format!("--adminpass={ADMIN_PASSWORD}"));
    let output = errand::run(command, b"", PATIENCE).await?;
    ensure!(output.status.success(), "samba-tool makes no domain:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

pub(super) fn smb_conf(folder: &Path) -> PathBuf {
    folder.join("etc/smb.conf")
}

/// What the controller serves, and where it keeps what it would put below /run and /var.
pub(super) fn configure(folder: &Path, ca: &TestCa, address: Ipv4Addr) -> anyhow::Result<()> {
    let name = format!("{HOST}.{}", REALM.to_lowercase());
    let issued = ca.server(&[name.as_str(), address.to_string().as_str()])?;
    // Samba refuses a key that others may read.
    std::fs::set_permissions(&issued.key_file, std::fs::Permissions::from_mode(0o600))?;
    std::fs::create_dir_all(folder.join("run"))?;
    let root = folder.display();
    let settings = [
        format!("realm = {REALM}\nworkgroup = {DOMAIN}\nnetbios name = {}", HOST.to_uppercase()),
        "server role = active directory domain controller\nserver services = ldap".to_owned(),
        format!("private dir = {root}/private\nlock directory = {root}\nstate directory = {root}/state"),
        format!("cache directory = {root}/cache\nbinddns dir = {root}/bind-dns\npid directory = {root}/run"),
        format!("ncalrpc dir = {root}/run/ncalrpc\nwinbindd socket directory = {root}/run/winbindd"),
        format!("ntp signd socket directory = {root}/run/ntp\nlog level = 1"),
        format!("tls cafile = {}\ntls certfile = {}", text(&ca.ca_file()), text(&issued.certificate_file)),
        format!("tls keyfile = {}", text(&issued.key_file)),
    ];
    std::fs::write(smb_conf(folder), format!("[global]\n{}\n", settings.join("\n"))).context("write smb.conf")
}
