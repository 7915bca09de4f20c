//! What the demo says: numbered steps, one command each, and what it will show.

use std::borrow::Cow;
use std::net::SocketAddr;

use vestibule_engine::Door;

use super::super::Outcome;
use super::super::desk::Portal;
use super::super::qr::Qr;
use super::super::terminal::{Terminal, Tone};
use super::directory::Directory;
use super::folder::Folder;
use super::person::GRACE;

struct Step<'a> {
    title: &'a str,
    command: String,
    see: Cow<'a, str>,
}

pub(super) fn print(
    folder: &Folder,
    addresses: &[(Door, SocketAddr)],
    portal: &Portal,
    directory: &Directory,
    terminal: &mut Terminal,
) -> Outcome {
    let listening = |door, called: &str| {
        let here = addresses.iter().filter(|(one, _)| *one == door);
        here.map(|(_, address)| format!(" · {called} on {address}")).collect::<String>()
    };
    terminal.line(format!(
        "{}  {}{}{} · portal at {}/ · Ctrl-C ends it\n",
        terminal.toned(Tone::Strong, "Vestibule demo"),
        folder.path().display(),
        listening(Door::Radius, "RADIUS"),
        listening(Door::Ldap, "LDAP"),
        portal.origin,
    ))?;
    terminal.line(
        "Ada has a password, and a phone that shows a new code every 30 seconds. Network gear asks here, by RADIUS, whether\n\
         she may come in. Follow along in a second terminal, in this folder.\n",
    )?;
    scan(folder, terminal)?;
    for (number, step) in steps(folder, portal, directory).iter().enumerate() {
        let number = number.saturating_add(1);
        terminal.line(format!("{} {}", terminal.toned(Tone::Strong, &format!("{number}.")), step.title))?;
        terminal.line(format!("   {}", terminal.toned(Tone::Good, &step.command)))?;
        terminal.line(format!("   {}\n", terminal.toned(Tone::Quiet, &step.see)))?;
    }
    if let Directory::Missing(why) = directory {
        terminal.line(format!(
            "An application that binds (LDAP) is not shown: {why}. With it, the demo starts a directory\n\
             and an LDAP door in front of it; config/ldap-door.md is about your own.\n"
        ))?;
    }
    terminal
        .line(format!("Recovery codes, for the day the phone is lost, are in {}.", folder.recovery_codes().display()))
}

fn scan(folder: &Folder, terminal: &mut Terminal) -> Outcome {
    if !terminal.looks().interactive {
        return Ok(());
    }
    let uri = folder.read(&folder.phone())?;
    let drawn = Qr::of(&uri)?.drawn(terminal.looks());
    terminal
        .line("Scan this with any authenticator app to be Ada's phone. Without one, every step works as well.\n")?;
    terminal.print(&drawn)?;
    terminal.line("")
}

fn steps(folder: &Folder, portal: &Portal, directory: &Directory) -> Vec<Step<'static>> {
    let mut steps = radius_and_phone(folder, portal);
    if directory.is_running() {
        steps.extend(binding(folder));
    }
    steps.push(Step {
        title: "Who came in, who did not, and why.",
        command: "vestibule audit tail".to_owned(),
        see: "One line a login, in a chain that `vestibule audit verify` checks.".into(),
    });
    steps
}

/// An application in front of a directory, where the demo could start one.
fn binding(folder: &Folder) -> [Step<'static>; 2] {
    let bind = format!("vestibule try ldap --user {GRACE} --password-file {}", folder.password_of(GRACE).display());
    let with_code = format!("{bind} --code $(vestibule demo code {GRACE})");
    [
        Step {
            title: "An application that binds (LDAP), in front of a directory with Grace in it: her password alone.",
            command: bind,
            see: "Press Enter where a code is asked for: 49 invalidCredentials. The directory would take her password alone;\n   \
                  the gateway does not."
                .into(),
        },
        Step {
            title: "Her password and a code, as she would type it into the application.",
            command: with_code,
            see: "0 success; and what comes after it is done at the directory as Grace, with her rights.".into(),
        },
    ]
}

fn radius_and_phone(folder: &Folder, portal: &Portal) -> Vec<Step<'static>> {
    let password = folder.password().display().to_string();
    let sign_in =
        |client: &str| format!("vestibule try radius --user ada --client {client} --password-file {password}");
    let with_code = format!("{} --code $(vestibule demo code)", sign_in("firewall"));
    vec![
        Step {
            title: "In the second terminal: which configuration the commands below are about.",
            command: environment(folder),
            see: "Nothing; it makes the commands below short.".into(),
        },
        Step {
            title: "Ada's password alone, sent by an old firewall that cannot ask for more.",
            command: sign_in("firewall"),
            see: "Access-Reject. A right password is not enough any more.".into(),
        },
        Step {
            title: "What Ada's phone shows now.",
            command: "vestibule demo code".to_owned(),
            see: "Six digits. If you scanned the picture, your phone shows the same.".into(),
        },
        Step {
            title: "Password and code together.",
            command: with_code.clone(),
            see: "Access-Accept. Nothing of the firewall had to change.".into(),
        },
        Step {
            title: "The same again, within the half minute.",
            command: with_code,
            see: "Access-Reject. A code is good for one login.".into(),
        },
        Step {
            title: "A VPN gateway that can ask. It shows our question; type the next code.",
            command: sign_in("vpn"),
            see: "Access-Challenge with a question, then Access-Accept.".into(),
        },
        Step {
            title: "A phone for Ada that is asked, and answers.",
            command: "vestibule demo phone".to_owned(),
            see: format!(
                "Six digits, the same on both sides. It did what Ada does in a browser: sign in at {}/ with the\n   \
                 password in {password} and a code, and add a phone. Your own phone reaches this only where it finds\n   \
                 this machine; the browser here does, and warns, because the demo signed the certificate itself.",
                portal.origin
            )
            .into(),
        },
        Step {
            title: "The VPN gateway again. Now it shows a number.",
            command: sign_in("vpn"),
            see: "Access-Challenge with two digits. Leave it there, and go on in a third terminal.".into(),
        },
        Step {
            title: "In the third terminal, after step 1: the number approves. Then press Enter in the second.",
            command: "vestibule phone approve".to_owned(),
            see: "Who asks, from where; then, in the second, Access-Accept. Try a wrong number, or `phone report`.".into(),
        },
    ]
}

/// What makes the commands short: the configuration, and where we are not installed, the program by its name.
fn environment(folder: &Folder) -> String {
    let (config, phone) = (folder.config(), folder.accounts());
    let config = format!("export VESTIBULE_CONFIG={} VESTIBULE_PHONE={}", config.display(), phone.display());
    let program = std::env::current_exe().unwrap_or_default();
    match program.parent() {
        Some(place) if !place.starts_with("/usr") => format!("{config} PATH=\"{}:$PATH\"", place.display()),
        _ => config,
    }
}
