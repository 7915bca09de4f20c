//! Tables for spreadsheets (RFC 4180).

/// What makes a cell a formula, in the forms that spreadsheets take for the same.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Where spreadsheets split a line into cells, one or the other by the language they are set to. None of them knows which
/// one we write.
const SPLITS: [char; 6] = [',', ';', '|', '\t', '\r', '\n'];
/// What a file begins with: a spreadsheet takes it for UTF-8 by its byte order mark only.
pub(super) const BEGINNING: &str = "\u{FEFF}";

/// One line with its end.
pub(super) fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(quoted).collect();
    format!("{}\r\n", cells.join(","))
}

/// Quoted, and never a formula: a spreadsheet would work out a name that begins with `=`. Where it splits at something else
/// than commas, our quotes hold nothing together, and every piece is a cell of its own.
fn quoted(cell: &str) -> String {
    let pieces = cell.split_inclusive(SPLITS).map(|piece| {
        let begins = piece.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
        if begins.starts_with(FORMULA) { format!("'{piece}") } else { piece.to_owned() }
    });
    format!("\"{}\"", pieces.collect::<String>().replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text_whatever_stands_in_it() {
        assert_eq!(line(["ada", "a \"b\", c", ""]), "\"ada\",\"a \"\"b\"\", c\",\"\"\r\n");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "＝1"] {
            assert_eq!(line([formula]), format!("\"'{formula}\"\r\n"));
        }
    }

    #[test]
    fn a_piece_that_a_spreadsheet_elsewhere_makes_a_cell_of_is_no_formula() {
        for split in [',', ';', '|', '\t', '\n'] {
            for formula in ["=1+1", " +1", "-1", "@A1", "＝1"] {
                assert_eq!(
                    line([format!("ada{split}{formula}{split}eve").as_str()]),
                    format!("\"ada{split}'{formula}{split}eve\"\r\n")
                );
            }
        }
        assert_eq!(line(["a;\"=1+1\";b"]), "\"a;'\"\"=1+1\"\";b\"\r\n");
        assert_eq!(line(["=1;=2"]), "\"'=1;'=2\"\r\n");
        assert_eq!(line(["Example; Ada-Eve, R+D"]), "\"Example; Ada-Eve, R+D\"\r\n");
    }
}
