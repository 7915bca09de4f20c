//! The three scenarios of the RADIUS door.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::runtime::Runtime;
use vestibule_peers::freeradius::{Directory, FilesUser, FreeRadius, Home, Role, Setup};
use vestibule_peers::process::{Process, cpu_time, resident};
use vestibule_peers::slapd::{self, Slapd};

use crate::code;
use crate::gateway::{Gateway, Prepared};
use crate::generator::{self, Load, Outcome};
use crate::null::NullServer;
use crate::packet::Login;
use crate::report::{Row, print_ratio};
use crate::{Options, Scenario};

const SECRET: &str = "bench-secret-of-the-clients";
const UPSTREAM_SECRET: &str = "bench-secret-of-the-upstream";

/// The file with the secret of the gateway's one client.
const CLIENT: (&str, &str) = ("radius.secret", SECRET);

/// What policy asks of everybody.
const ANY_CODE: &str = "{any_of: [totp]}";

/// Client sockets of the generator, as of so many worker ports of a NAS.
const SOCKETS: u16 = 8;

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    check_generator(options)?;
    let runtime = Runtime::new().context("start a runtime for the peers")?;
    let wanted = |scenario| options.only.is_none_or(|only| only == scenario);
    if wanted(Scenario::Local) {
        println!("\nlocal users, PAP");
        local(options, &runtime)?;
    }
    if wanted(Scenario::Directory) {
        println!("\nbind at slapd, PAP");
        directory(options, &runtime)?;
    }
    if wanted(Scenario::Relay) {
        println!("\nrelay to an upstream RADIUS server, PAP");
        relay(options, &runtime)?;
    }
    Ok(())
}

fn load(options: &Options, server: SocketAddr) -> Load {
    let window = u8::try_from(options.window.div_ceil(SOCKETS)).unwrap_or(u8::MAX);
    Load {
        server,
        secret: SECRET.as_bytes(),
        sockets: usize::from(SOCKETS),
        window,
        time_max: Duration::from_secs(options.seconds),
    }
}

/// What the generator reaches where the server is not the limit.
fn check_generator(options: &Options) -> anyhow::Result<()> {
    let server = NullServer::start(SECRET.as_bytes()).context("start the null server")?;
    let time_max = Duration::from_secs(options.seconds.min(3));
    let outcome = generator::run(&Load { time_max, ..load(options, server.address()) }, plain_logins(options.users))?;
    println!(
        "generator check: {:.0} logins a second against a server that does nothing ({} lost)",
        outcome.rate(),
        outcome.lost
    );
    Ok(())
}

fn user(number: u32) -> String {
    format!("person{number:05}")
}

fn count(users: u32) -> usize {
    usize::try_from(users).unwrap_or(usize::MAX)
}

fn password(number: u32) -> String {
    format!("correct-horse-{number}")
}

/// Every user by turns, without end.
fn plain_logins(users: u32) -> impl Iterator<Item = Login> + 'static {
    (0..users.max(1)).cycle().map(|number| Login { user: user(number), password: password(number) })
}

fn directory_logins(users: u32) -> impl Iterator<Item = Login> + 'static {
    (1..=users).cycle().map(|number| Login { user: slapd::user_name(number), password: slapd::user_password(number) })
}

/// Put the load on a server whose process and background are known.
fn measure(
    server: &'static str,
    expected: &'static str,
    process: &Process,
    behind: Option<(&'static str, u32)>,
    put_load: impl FnOnce() -> anyhow::Result<Outcome>,
) -> anyhow::Result<Row> {
    let behind_before = behind.map(|(_, pid)| cpu_time(pid)).transpose()?;
    let before = process.cpu_time()?;
    let outcome = put_load()?;
    let cpu = process.cpu_time()?.saturating_sub(before);
    let behind = match (behind, behind_before) {
        (Some((name, pid)), Some(before)) => Some((name, cpu_time(pid)?.saturating_sub(before))),
        _ => None,
    };
    if outcome.accepted == 0 {
        bail!("{server} accepted nobody: {outcome:?}");
    }
    let resident = resident(process.id())?;
    let row = Row { server, expected, outcome, cpu, resident, behind };
    row.print();
    Ok(row)
}

fn files(users: u32, secret: &str) -> Setup {
    let users = (0..users).map(|number| FilesUser::new(user(number), password(number))).collect();
    Setup::new(Role::Files(users), secret)
}

/// Each login with the code of now behind the password. A code is good once, so nobody may come twice.
fn with_code(logins: impl Iterator<Item = Login> + 'static) -> impl Iterator<Item = Login> + 'static {
    let code = code::next();
    logins.map(move |login| Login { password: format!("{},{code}", login.password), ..login })
}

fn local(options: &Options, runtime: &Runtime) -> anyhow::Result<()> {
    let Some(theirs) = runtime.block_on(FreeRadius::start(&files(options.users, SECRET)))? else { return Ok(()) };
    let row =
        measure("FreeRADIUS, files, no factor, no record", "before: 28 µs, 47,000/s", &theirs.process, None, || {
            generator::run(&load(options, theirs.address()), plain_logins(options.users))
        })?;
    drop(theirs);
    let prepared = Prepared::new(&options.vestibule, "    local: {}", ANY_CODE, &[CLIENT])?;
    runtime.block_on(prepared.seed_local((0..options.users).map(|number| (user(number), password(number)))))?;
    let ours = runtime.block_on(prepared.start(SECRET.as_bytes()))?;
    let logins = || plain_logins(options.users).take(count(options.users));
    let_everybody_try(options, &ours, with_code(logins()))?;
    let ours = measure(
        "Vestibule, local, TOTP, durable record",
        "target: at most 60 µs, 15,000/s",
        &ours.process,
        None,
        || generator::run(&load(options, ours.address()), with_code(logins())),
    )?;
    print_ratio(&row, &ours);
    Ok(())
}

fn directory(options: &Options, runtime: &Runtime) -> anyhow::Result<()> {
    let settings = slapd::Options { users: options.users, tls: false, ..slapd::Options::default() };
    let Some(slapd) = runtime.block_on(Slapd::start(settings))? else { return Ok(()) };
    let slapd_id = slapd.pid().context("slapd is not running")?;
    let place = Directory {
        url: slapd.url(),
        base_dn: slapd::PEOPLE.to_owned(),
        service: Some((slapd::READER_DN.to_owned(), slapd::READER_PASSWORD.to_owned())),
        login_attribute: "uid".to_owned(),
    };
    let Some(theirs) = runtime.block_on(FreeRadius::start(&Setup::new(Role::Ldap(place), SECRET)))? else {
        return Ok(());
    };
    let behind = Some(("slapd", slapd_id));
    let row = measure(
        "FreeRADIUS, rlm_ldap, no factor, no record",
        "before: 105 µs, 6,200/s",
        &theirs.process,
        behind,
        || generator::run(&load(options, theirs.address()), directory_logins(options.users)),
    )?;
    drop(theirs);
    let secrets = [CLIENT, ("ldap.password", slapd::READER_PASSWORD)];
    let prepared = Prepared::new(&options.vestibule, &directory_primary(&slapd), ANY_CODE, &secrets)?;
    let ours = runtime.block_on(prepared.start(SECRET.as_bytes()))?;
    let_everybody_try(options, &ours, directory_logins(options.users))?;
    let known = runtime.block_on(ours.prepared.enrol_everybody())?;
    if known < u64::from(options.users) {
        bail!("only {known} of {} users became known", options.users);
    }
    let logins = || directory_logins(options.users).take(count(options.users));
    let ours =
        measure("Vestibule, LDAP bind, TOTP, durable record", "target: at most 70 µs", &ours.process, behind, || {
            generator::run(&load(options, ours.address()), with_code(logins()))
        })?;
    print_ratio(&row, &ours);
    Ok(())
}

fn directory_primary(slapd: &Slapd) -> String {
    format!(
        "    ldap:
      servers: [\"{}\"]
      allow_plaintext: true
      find:
        search:
          base: {}
          filter: (uid={{user}})
          bind_dn: {}
          password: {{file: ldap.password}}",
        slapd.url(),
        slapd::PEOPLE,
        slapd::READER_DN
    )
}

/// Users of a directory or an upstream are known once they have tried to sign in: put everybody through once, so that
/// what is measured is a login and not the making of a user.
fn let_everybody_try(
    options: &Options,
    gateway: &Gateway,
    logins: impl Iterator<Item = Login> + 'static,
) -> anyhow::Result<()> {
    let load = Load { time_max: Duration::from_secs(600), ..load(options, gateway.address()) };
    let outcome = generator::run(&load, logins.take(count(options.users)))?;
    if outcome.answered() < u64::from(options.users) {
        bail!("only {} of {} users got an answer", outcome.answered(), options.users);
    }
    Ok(())
}

fn relay(options: &Options, runtime: &Runtime) -> anyhow::Result<()> {
    let Some(upstream) =
        runtime.block_on(FreeRadius::start(&files(options.users, UPSTREAM_SECRET).signing_answers()))?
    else {
        return Ok(());
    };
    let behind = Some(("the upstream", upstream.process.id()));
    let home = Home { address: upstream.address(), secret: UPSTREAM_SECRET.to_owned() };
    let Some(theirs) = runtime.block_on(FreeRadius::start(&Setup::new(Role::Proxy(home), SECRET)))? else {
        return Ok(());
    };
    let row = measure("FreeRADIUS, proxy, no record", "before: 48 µs", &theirs.process, behind, || {
        generator::run(&load(options, theirs.address()), plain_logins(options.users))
    })?;
    drop(theirs);
    let primary = format!(
        "    radius:
      servers:
        - address: {}
          secret: {{file: upstream.secret}}",
        upstream.address()
    );
    let secrets = [CLIENT, ("upstream.secret", UPSTREAM_SECRET)];
    let prepared = Prepared::new(&options.vestibule, &primary, "skip", &secrets)?;
    let ours = runtime.block_on(prepared.start(SECRET.as_bytes()))?;
    let_everybody_try(options, &ours, plain_logins(options.users))?;
    let ours = measure(
        "Vestibule, relay, no factor, durable record",
        "target: at most 35 µs",
        &ours.process,
        behind,
        || generator::run(&load(options, ours.address()), plain_logins(options.users)),
    )?;
    print_ratio(&row, &ours);
    Ok(())
}
