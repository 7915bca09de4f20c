use std::io::Cursor;
use std::sync::{Arc, Mutex};

use vestibule_engine::Timestamp;

use super::*;

/// A terminal whose screen can be read.
#[derive(Clone, Default)]
pub(crate) struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    pub(crate) fn terminal(&self, looks: Looks, typed: &str) -> Terminal {
        let input = Cursor::new(typed.as_bytes().to_vec());
        Terminal::new(Box::new(self.clone()), Box::new(input), looks, Clockface::utc())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Screen {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const COLOURFUL: Looks = Looks { colour: true, unicode: true, interactive: false };

#[test]
fn columns_line_up_whatever_script_the_names_are_in() {
    let mut table = Table::new(&["NAME", "GROUPS"]);
    table.row(["ada".into(), "vpn".into()]);
    table.row(["山田太郎".into(), "vpn".into()]);
    table.row(["jose\u{301}".into(), "vpn".into()]);
    let screen = Screen::default();
    screen.terminal(Looks::default(), "").table(&table).unwrap();
    assert_eq!(screen.text(), "NAME      GROUPS\nada       vpn\n山田太郎  vpn\njose\u{301}      vpn\n");
}

/// LOG-03
#[test]
fn a_name_cannot_forge_a_line_move_the_cursor_or_turn_the_writing() {
    let name = "ada\r\n2026 allowed root\u{1b}[2K\u{9b}1A\u{202e}gnp\u{2066}\u{7f}";
    let shown = "ada\\r\\n2026 allowed root\\u{1b}[2K\\u{9b}1A\\u{202e}gnp\\u{2066}\\u{7f}";
    assert_eq!(clean(name), shown);

    let screen = Screen::default();
    let mut table = Table::new(&["NAME"]);
    table.row([name.to_owned()]);
    screen.terminal(COLOURFUL, "").table(&table).unwrap();
    assert_eq!(screen.text().lines().count(), 2);

    screen.terminal(COLOURFUL, "").json(&name).unwrap();
    let json = screen.text();
    assert!(json.trim_end().chars().all(|c| c.is_ascii() && !c.is_control()), "{json}");
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), name);
}

#[test]
fn colour_is_used_only_where_there_is_some() {
    let screen = Screen::default();
    assert_eq!(screen.terminal(Looks::default(), "").toned(Tone::Bad, "refused"), "refused");
    assert_eq!(screen.terminal(COLOURFUL, "").toned(Tone::Bad, "refused"), "\x1b[31mrefused\x1b[0m");
}

#[test]
fn an_error_without_words_of_its_own_is_told_with_its_causes_in_one_line() {
    let cause = io::Error::other("permission\ndenied");
    let error = Err::<(), _>(cause).context("open the database").context("start").unwrap_err();
    assert_eq!(explain(&error), "error: start\n  why: open the database: permission\\ndenied");
    assert!(!is_hung_up(&error));
    assert!(is_hung_up(&anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("write")));
}

/// Like `vestibule users list | head -1`.
#[test]
fn nobody_listening_any_more_is_no_error_and_ends_the_printing() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let input = Box::new(Cursor::new(Vec::new()));
    let mut terminal = Terminal::new(Box::new(Gone), input, Looks::default(), Clockface::utc());
    terminal.line("one").unwrap();
    assert!(terminal.is_hung_up());
}

#[test]
fn only_a_typed_yes_is_a_yes() {
    let screen = Screen::default();
    for (typed, sure) in [("y\n", true), ("YES\n", true), ("\n", false), ("", false), ("yep\n", false), ("n\n", false)]
    {
        assert_eq!(screen.terminal(COLOURFUL, typed).is_sure("Delete ada?").unwrap(), sure, "{typed:?}");
    }
}

#[test]
fn a_password_from_a_file_or_from_standard_input_is_its_first_line_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, " two words \n").unwrap();
    let screen = Screen::default();
    let mut terminal = screen.terminal(Looks::default(), "from stdin\r\nnot this\n");
    assert_eq!(terminal.new_password(Some(&file)).unwrap().octets(), b" two words ");
    assert_eq!(terminal.new_password(None).unwrap().octets(), b"from stdin");
    assert_eq!(screen.text(), "", "a password is never echoed");
}

#[test]
fn moments_are_told_in_the_persons_own_time() {
    let at = Timestamp::from_secs(1_780_000_002);
    assert_eq!(Clockface::utc().moment(at), "2026-05-28 20:26:42 UTC");
    let berlin = Clockface::new(|_| time::UtcOffset::from_hms(2, 0, 0).unwrap());
    assert_eq!(berlin.moment(at), "2026-05-28 22:26:42");
    let later = |seconds| Timestamp::from_secs(at.secs() + seconds);
    assert_eq!(berlin.ago(at, later(59)), "just now");
    assert_eq!(berlin.ago(at, later(60)), "1 minute ago");
    assert_eq!(berlin.ago(at, later(7300)), "2 hours ago");
    assert_eq!(berlin.ago(at, later(86_400)), "2026-05-28");
    assert_eq!(rfc3339(Timestamp(at.0 + 250_000)), "2026-05-28T20:26:42.25Z");
    assert_eq!(Clockface::utc().moment(Timestamp(i64::MAX)), "at no moment of this calendar");
}
