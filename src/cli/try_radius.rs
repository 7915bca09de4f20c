//! `vestibule try radius`: play a VPN gateway, and show what is said on both sides.

mod client;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use vestibule_engine::Password;
use vestibule_engine::config::{SecretRef, Sources};
use vestibule_radius::client::{Exchange, Peer, Question, Said};
use zeroize::Zeroizing;

use self::client::Line;
use super::terminal::{Printing, Terminal, Tone, clean};
use super::{Failure, Outcome, command, context};
use crate::clock::SystemRandom;
use crate::config::{Config, Disk};

/// Questions answered in one login before we give up: a server that asks for ever is not worth our time.
const QUESTIONS_MAX: usize = 5;

/// Sends what a VPN gateway sends, answers what it is asked, and shows both. Needs no root, and changes nothing but the
/// audit log and, where the code was right, the code.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Whose name to sign in with
    #[arg(long, value_name = "NAME")]
    pub user: String,
    /// The client of the configuration to play [default: the one that may ask from this machine]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["secret_file", "secret_env"])]
    pub client: Option<String>,
    /// The server, with a port unless that is 1812 [default: the one of the configuration]
    #[arg(long, value_name = "ADDRESS")]
    pub server: Option<String>,
    /// The secret shared with the server, in a file: then no configuration is read
    #[arg(long, value_name = "FILE", requires = "server", conflicts_with = "secret_env")]
    pub secret_file: Option<PathBuf>,
    /// The same in an environment variable
    #[arg(long, value_name = "VARIABLE", requires = "server")]
    pub secret_env: Option<String>,
    /// Read the password from the first line of this file; without it, it is asked for
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The code: answers a question, or goes with the password where the client cannot be asked; without it, it is asked
    /// for
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// Send the code with the password, after a comma, without waiting for a question
    #[arg(long, requires = "code")]
    pub append: bool,
    /// The address to send from
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<IpAddr>,
    /// Where the person sits (Calling-Station-Id)
    #[arg(long, value_name = "STATION")]
    pub station: Option<String>,
    /// How long to wait for each answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub patience: u64,
    #[command(flatten)]
    pub printing: Printing,
}

const EXAMPLES: &str = "\
Examples:
  vestibule try radius --user ada
  vestibule try radius --user ada --client firewall --password-file ada.password --code 492039
  vestibule try radius --user ada --server 192.0.2.1 --secret-file radius.secret";

pub async fn run(path: &Path, args: Args) -> Outcome {
    let has_config = args.secret_file.is_none() && args.secret_env.is_none();
    let line = line(path, &args)?;
    let mut terminal = Terminal::standard(args.printing);
    let question = format!("Password of {}:", clean(&args.user));
    let password = terminal.password(&question, args.password_file.as_deref())?;
    let login = Login { user: args.user, password, code: args.code, station: args.station };
    match sign_in(&line, &login, &mut terminal, args.printing.json).await? {
        Said::Accept => Ok(()),
        Said::Reject => Err(refused(path, has_config).into()),
        Said::Challenge => Err(unanswered().into()),
    }
}

fn refused(path: &Path, has_config: bool) -> Failure {
    let failure = Failure::new("not signed in").because("the server refused; it tells nobody why");
    if has_config { failure.then(command(path, "audit tail")) } else { failure.then("look into the server's log") }
}

fn unanswered() -> Failure {
    Failure::new("not signed in")
        .because("the server asked, and there was no answer")
        .then("the same with --code CODE, or at a terminal where you can type it")
}

/// What is tried.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Password,
    pub(super) code: Option<String>,
    pub(super) station: Option<String>,
}

/// What is typed where the server asks.
type Typed = Option<Zeroizing<String>>;

/// Sign in over the wire, and show what is said. Ends with a challenge where a question has no answer.
pub(super) async fn sign_in(line: &Line, login: &Login, terminal: &mut Terminal, json: bool) -> Outcome<Said> {
    let mut code = if line.append { None } else { login.code.clone() };
    let answer = async |_: &Exchange, terminal: &mut Terminal| match code.take() {
        Some(code) => Ok(Some(Zeroizing::new(code))),
        None => ask(terminal),
    };
    sign_in_answering(line, login, terminal, json, answer).await
}

/// The same, where each question is answered like this.
pub(super) async fn sign_in_answering(
    line: &Line,
    login: &Login,
    terminal: &mut Terminal,
    json: bool,
    mut answer: impl AsyncFnMut(&Exchange, &mut Terminal) -> Outcome<Typed>,
) -> Outcome<Said> {
    let mut shown = Shown { terminal, json };
    let (mut password, mut note) = (login.password.clone(), "the password");
    if line.append
        && let Some(code) = &login.code
    {
        password = appended(&login.password, code);
        note = "the password, a comma and the code";
    }
    let mut state = None;
    for _ in 0..QUESTIONS_MAX {
        let question = Question {
            user: login.user.clone(),
            password,
            state,
            nas_identifier: line.name.clone(),
            calling_station: login.station.clone(),
        };
        shown.sent(line, &question, note)?;
        let exchange = line.ask(&question, &SystemRandom::new()).await?;
        shown.heard(&exchange)?;
        if exchange.said != Said::Challenge {
            return Ok(exchange.said);
        }
        let Some(answer) = answer(&exchange, shown.terminal).await? else { return Ok(Said::Challenge) };
        (password, note, state) = (Password::new(answer.as_bytes()), "the answer", exchange.state);
    }
    Ok(Said::Challenge)
}

fn appended(password: &Password, code: &str) -> Password {
    Password::new([password.octets(), b",", code.as_bytes()].concat())
}

/// Whom to ask, from where, with which secret: by the command line, or by the configuration.
fn line(path: &Path, args: &Args) -> Outcome<Line> {
    let patience = Duration::from_secs(args.patience);
    let given = match (&args.secret_file, &args.secret_env) {
        (Some(file), _) => Some(SecretRef::File(std::path::absolute(file)?)),
        (None, Some(variable)) => Some(SecretRef::Env(variable.clone())),
        (None, None) => None,
    };
    let mut line = match given {
        Some(reference) => {
            let why = |why| Failure::usage("the secret cannot be read").because(why);
            let secret = Disk::beside(path).secret(&reference).map_err(why)?;
            let peer = Peer::new(server(args.server.as_deref().unwrap_or_default())?, secret);
            Line { peer, from: None, name: "vestibule-try".to_owned(), append: false, patience }
        }
        None => of_config(path, &context::load(path)?, args.client.as_deref(), patience)?,
    };
    if let Some(written) = &args.server {
        line.peer.address = server(written)?;
    }
    line.from = args.from.or(line.from);
    line.append |= args.append;
    Ok(line)
}

/// As a client of the configuration would ask the gateway that it describes.
pub(super) fn of_config(path: &Path, config: &Config, client: Option<&str>, patience: Duration) -> Outcome<Line> {
    let radius = config.radius_written.as_ref().ok_or_else(|| Failure::new("there is no RADIUS door to try"))?;
    let (name, client) = client::choose(radius, client)?;
    let why = |why| Failure::new(format!("the secret of client {name} cannot be read")).because(why);
    let secret = Disk::beside(path).secret(&client.secret).map_err(why)?;
    let address = client::reachable(radius)?;
    Ok(Line {
        peer: Peer::new(address, secret),
        from: client::own_address(client, address),
        name: name.to_owned(),
        append: client::cannot_be_asked(radius, client),
        patience,
    })
}

fn server(written: &str) -> Outcome<SocketAddr> {
    let with_port = |_| written.parse::<IpAddr>().map(|address| SocketAddr::new(address, 1812));
    let parsed = written.parse::<SocketAddr>().or_else(with_port);
    Ok(parsed.map_err(|_| Failure::usage("`--server` takes an IP address, with a port unless that is 1812"))?)
}

/// What the person at the terminal gets to see of it. Never the password.
struct Shown<'t> {
    terminal: &'t mut Terminal,
    json: bool,
}

impl Shown<'_> {
    fn sent(&mut self, line: &Line, question: &Question, note: &str) -> Outcome {
        if self.json {
            return Ok(());
        }
        let user = clean(&question.user);
        self.terminal.line(format!("> Access-Request to {} as {}", line.peer.address, clean(&line.name)))?;
        self.terminal.line(format!("    User-Name = {user}"))?;
        self.terminal.line(format!("    User-Password = ({note}, not shown)"))
    }

    fn heard(&mut self, exchange: &Exchange) -> Outcome {
        let (name, tone) = match exchange.said {
            Said::Accept => ("Access-Accept", Tone::Good),
            Said::Reject => ("Access-Reject", Tone::Bad),
            Said::Challenge => ("Access-Challenge", Tone::Strong),
        };
        let took = exchange.took.as_millis();
        if self.json {
            return self.terminal.json(&serde_json::json!({
                "answer": name, "messages": exchange.messages, "signed": exchange.signed,
                "tries": exchange.tries, "took_ms": u64::try_from(took).unwrap_or(u64::MAX),
                "attributes": exchange.attributes.iter().filter(|(name, _)| !is_opaque(name)).collect::<Vec<_>>(),
            }));
        }
        let name = self.terminal.toned(tone, name);
        let signed = if exchange.signed { "signed" } else { "not signed" };
        let tries = if exchange.tries > 1 { format!(", asked {} times", exchange.tries) } else { String::new() };
        self.terminal.line(format!("< {name} after {took} ms, {signed}{tries}"))?;
        for (name, value) in exchange.attributes.iter().filter(|(name, _)| !is_opaque(name)) {
            self.terminal.line(format!("    {} = {}", clean(name), clean(value)))?;
        }
        Ok(())
    }
}

/// The answer to a question, where somebody is there to give one. Enter alone is one: it says "look again".
fn ask(terminal: &mut Terminal) -> Outcome<Typed> {
    if !terminal.looks().interactive {
        return Ok(None);
    }
    Ok(terminal.ask("Answer:")?.map(Zeroizing::new))
}

/// Octets that tell a person nothing.
fn is_opaque(name: &str) -> bool {
    matches!(name, "Message-Authenticator" | "State")
}
