//! What the demo says: numbered steps, one command each, and what it will show.

use std::net::SocketAddr;

use super::super::Outcome;
use super::super::qr::Qr;
use super::super::terminal::{Terminal, Tone};
use super::folder::Folder;

struct Step<'a> {
    title: &'a str,
    command: String,
    see: &'a str,
}

pub(super) fn print(folder: &Folder, addresses: &[SocketAddr], terminal: &mut Terminal) -> Outcome {
    let listening: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    terminal.line(format!(
        "{}  {} · RADIUS on {} · Ctrl-C ends it\n",
        terminal.toned(Tone::Strong, "Vestibule demo"),
        folder.path().display(),
        listening.join(", "),
    ))?;
    terminal.line(
        "Ada has a password, and a phone that shows a new code every 30 seconds. Network gear asks here, by RADIUS, whether\n\
         she may come in. Follow along in a second terminal, in this folder.\n",
    )?;
    scan(folder, terminal)?;
    for (number, step) in steps(folder).iter().enumerate() {
        let number = number.saturating_add(1);
        terminal.line(format!("{} {}", terminal.toned(Tone::Strong, &format!("{number}.")), step.title))?;
        terminal.line(format!("   {}", terminal.toned(Tone::Good, &step.command)))?;
        terminal.line(format!("   {}\n", terminal.toned(Tone::Quiet, step.see)))?;
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

fn steps(folder: &Folder) -> Vec<Step<'static>> {
    let password = folder.password().display().to_string();
    let sign_in =
        |client: &str| format!("vestibule try radius --user ada --client {client} --password-file {password}");
    let with_code = format!("{} --code $(vestibule demo code)", sign_in("firewall"));
    vec![
        Step {
            title: "In the second terminal: which configuration the commands below are about.",
            command: environment(folder),
            see: "Nothing; it makes the commands below short.",
        },
        Step {
            title: "Ada's password alone, sent by an old firewall that cannot ask for more.",
            command: sign_in("firewall"),
            see: "Access-Reject. A right password is not enough any more.",
        },
        Step {
            title: "What Ada's phone shows now.",
            command: "vestibule demo code".to_owned(),
            see: "Six digits. If you scanned the picture, your phone shows the same.",
        },
        Step {
            title: "Password and code together.",
            command: with_code.clone(),
            see: "Access-Accept. Nothing of the firewall had to change.",
        },
        Step {
            title: "The same again, within the half minute.",
            command: with_code,
            see: "Access-Reject. A code is good for one login.",
        },
        Step {
            title: "A VPN gateway that can ask. It shows our question; type the next code.",
            command: sign_in("vpn"),
            see: "Access-Challenge with a question, then Access-Accept.",
        },
        Step {
            title: "Who came in, who did not, and why.",
            command: "vestibule audit tail".to_owned(),
            see: "One line a login, in a chain that `vestibule audit verify` checks.",
        },
    ]
}

/// What makes the commands short: the configuration, and where we are not installed, the program by its name.
fn environment(folder: &Folder) -> String {
    let config = format!("export VESTIBULE_CONFIG={}", folder.config().display());
    let program = std::env::current_exe().unwrap_or_default();
    match program.parent() {
        Some(place) if !place.starts_with("/usr") => format!("{config} PATH=\"{}:$PATH\"", place.display()),
        _ => config,
    }
}
