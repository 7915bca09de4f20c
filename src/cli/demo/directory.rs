//! A directory for the LDAP door to stand in front of: OpenLDAP's slapd with Grace in it, where that is installed. It runs
//! as long as the demo does, on loopback, and its data is in the demo's folder.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use vestibule_engine::Random;

use super::super::files::{PRIVATE, folder as make_folder, new_file, random_secret};
use super::super::terminal::clean;
use super::super::{Failure, Outcome};
use super::folder::{Folder, free_door_port, free_tcp_port};
use super::person::{GRACE, GRACE_DN, GRACE_ID};

/// Where systems keep it; it is seldom on a PATH.
const PROGRAMS: [&str; 4] =
    ["/usr/sbin/slapd", "/usr/local/sbin/slapd", "/usr/lib/openldap/slapd", "/usr/local/libexec/slapd"];
const SCHEMAS: [&str; 3] = ["/etc/ldap/schema", "/etc/openldap/schema", "/usr/local/etc/openldap/schema"];
const READER_PASSWORD: &str = "directory/reader.password";
/// What the demo is told where there is none.
const NOT_INSTALLED: &str = "OpenLDAP's slapd is not installed on this machine";
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// The server ends when the pipe on file descriptor 0 does: with the demo, however that ends.
const UNTIL_HUNG_UP: &str = r#"exec 3<&0; "$@" 3<&- & child=$!; { cat <&3 >/dev/null; kill "$child" 2>/dev/null; } &
exec 3<&-; wait "$child""#;

pub(super) enum Directory {
    /// As long as this is held.
    Running { _pipe: Child },
    /// And why there is none.
    Missing(String),
}

impl Directory {
    /// Start one, and write the part of the configuration that is about it; or see to it that there is no such part.
    pub(super) async fn start(folder: &Folder, random: &dyn Random) -> Outcome<Self> {
        let part = folder.ldap_part();
        let Some(program) = PROGRAMS.iter().map(Path::new).find(|program| program.exists()) else {
            forget(&part)?;
            return Ok(Self::Missing(NOT_INSTALLED.to_owned()));
        };
        match serve(program, folder, random).await {
            Ok((child, port)) => {
                make_folder(part.parent().unwrap_or(folder.path()))?;
                let text = configuration(port, free_door_port()?);
                fs::write(&part, text).with_context(|| format!("write {}", part.display()))?;
                Ok(Self::Running { _pipe: child })
            }
            // Where a system confines it to folders of its own, for example.
            Err(error) => {
                forget(&part)?;
                Ok(Self::Missing(format!("slapd does not start here: {error:#}")))
            }
        }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }
}

fn forget(part: &Path) -> Outcome {
    match fs::remove_file(part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::fault(&format!("remove {}", part.display()), &error).into())
        }
        _ => Ok(()),
    }
}

async fn serve(program: &Path, folder: &Folder, random: &dyn Random) -> Outcome<(Child, u16)> {
    let place = std::path::absolute(folder.file("directory"))?;
    if !place.join("loaded").exists() {
        load(program, folder, &place, random)?;
    }
    let port = free_tcp_port()?;
    let log = place.join("slapd.log");
    let output = File::create(&log).with_context(|| format!("write {}", log.display()))?;
    let mut command = Command::new("sh");
    command.args(["-c", UNTIL_HUNG_UP, "sh"]).arg(program).arg("-f").arg(place.join("slapd.conf"));
    command.args(["-h", &format!("ldaps://127.0.0.1:{port}"), "-d", "0"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(output);
    // Ctrl-C is for the demo, which still asks the directory while it stops.
    let mut child = command.process_group(0).spawn().context("start slapd")?;
    let (address, begun) = (SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Instant::now());
    while TcpStream::connect(address).await.is_err() {
        if child.try_wait()?.is_some() || begun.elapsed() > PATIENCE {
            bail!("{}", last_line(&fs::read_to_string(&log).unwrap_or_default()));
        }
        sleep(LOOK_AGAIN_AFTER).await;
    }
    Ok((child, port))
}

/// The directory as it is to be. The last thing that is made says that it was made to the end.
fn load(program: &Path, folder: &Folder, place: &Path, random: &dyn Random) -> Outcome {
    if place.exists() {
        fs::remove_dir_all(place).with_context(|| format!("remove {}", place.display()))?;
    }
    make_folder(&place.join("data"))?;
    for file in [folder.password_of(GRACE), folder.file(READER_PASSWORD)] {
        if !file.exists() {
            new_file(&file, format!("{}\n", *random_secret(random)?).as_bytes(), PRIVATE)?;
        }
    }
    new_file(&place.join("slapd.conf"), slapd_conf(folder, place)?.as_bytes(), PRIVATE)?;
    let people = place.join("people.ldif");
    new_file(&people, ldif(folder)?.as_bytes(), PRIVATE)?;
    let mut command = Command::new(program);
    command.args(["-T", "add", "-q", "-f"]).arg(place.join("slapd.conf")).arg("-l").arg(&people);
    let output = command.stdin(Stdio::null()).output().context("load the directory")?;
    if !output.status.success() {
        bail!("{}", last_line(&String::from_utf8_lossy(&output.stderr)));
    }
    fs::remove_file(&people).with_context(|| format!("remove {}", people.display()))?;
    new_file(&place.join("loaded"), b"", PRIVATE)
}

fn last_line(text: &str) -> String {
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.map_or("it says nothing".to_owned(), clean)
}

fn slapd_conf(folder: &Folder, place: &Path) -> Outcome<String> {
    let schemas = SCHEMAS.iter().map(Path::new).find(|schemas| schemas.is_dir()).context("find its schemas")?;
    let file = |name: &str| std::path::absolute(folder.file(name)).map(|path| path.display().to_string());
    Ok(format!(
        "include {}/core.schema\npidfile \"{place}/slapd.pid\"\nargsfile \"{place}/slapd.args\"\n\
         TLSCACertificateFile \"{}\"\nTLSCertificateFile \"{}\"\nTLSCertificateKeyFile \"{}\"\n\
         database ldif\nsuffix dc=demo\ndirectory \"{place}/data\"\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by dn.exact=cn=reader,dc=demo read by self read by anonymous auth by * none\n",
        schemas.display(),
        file("ca.pem")?,
        file("localhost.pem")?,
        file("localhost.key")?,
        place = place.display(),
    ))
}

fn ldif(folder: &Folder) -> Outcome<String> {
    let grace = folder.read(&folder.password_of(GRACE))?;
    let reader = folder.read(&folder.file(READER_PASSWORD))?;
    Ok(format!(
        "dn: dc=demo\nobjectClass: dcObject\nobjectClass: organization\ndc: demo\no: Vestibule demo\n\n\
         dn: cn=reader,dc=demo\nobjectClass: person\ncn: reader\nsn: reader\nuserPassword: {}\n\n\
         dn: ou=people,dc=demo\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: {dn}\nobjectClass: person\nobjectClass: uidObject\nuid: {GRACE}\ncn: Grace Hopper\nsn: Hopper\n\
         entryUUID: {id}\nuserPassword: {}\n",
        *reader,
        *grace,
        dn = GRACE_DN,
        id = GRACE_ID,
    ))
}

fn configuration(directory: u16, door: u16) -> String {
    format!(
        "\
# Written anew at each start of the demo, where slapd is installed: a directory, and the LDAP door in front of it.

primaries:
  directory:
    ldap:
      servers: [\"ldaps://localhost:{directory}\"]
      tls: {{ca_file: ca.pem}}
      find:
        search:
          base: ou=people,dc=demo
          bind_dn: cn=reader,dc=demo
          password: {{file: {READER_PASSWORD}}}

ldap:
  listeners:
    secure: {{address: \"127.0.0.1:{door}\"}}
  tls: {{certificate: localhost.pem, key: {{file: localhost.key}}}}
  applications:
    # Whatever connects from this machine is the wiki.
    wiki:
      addresses: [127.0.0.1]
      primary: directory
"
    )
}
