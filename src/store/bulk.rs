//! One statement for many rows. Groups are cut into powers of two, so that few texts of each statement exist and stay
//! prepared.

use std::fmt::Write as _;

use crate::fault::Fault;
use crate::session::{Arg, Row, Session};

/// The most rows of one statement. PostgreSQL takes 65,535 arguments, SQLite 32,766; our widest row has eleven.
const ROWS_MAX: usize = 128;

/// Every row whose key is among `keys`: `{select} ($1, $2, ...){suffix}`.
pub(crate) async fn select_in(
    session: &mut Session,
    select: &str,
    keys: &[Arg<'_>],
    suffix: &str,
) -> Result<Vec<Row>, Fault> {
    let mut found = Vec::new();
    for chunk in keys.chunks(ROWS_MAX) {
        let mut padded = chunk.to_vec();
        if let Some(last) = chunk.last() {
            padded.resize(chunk.len().next_power_of_two(), *last);
        }
        let mut sql = String::with_capacity(select.len() + padded.len() * 5 + suffix.len());
        sql.push_str(select);
        placeholders(&mut sql, padded.len(), padded.len());
        sql.push_str(suffix);
        found.append(&mut session.query(&sql, &padded).await?);
    }
    Ok(found)
}

/// Remove every row whose key is among `keys`.
pub(crate) async fn delete_in(session: &mut Session, delete: &str, keys: &[Arg<'_>]) -> Result<(), Fault> {
    select_in(session, delete, keys, "").await.map(drop)
}

/// `{before} ($1, $2), ($3, $4), ...{after}` for rows of `width` arguments, laid end to end. How many rows it changed.
pub(crate) async fn each_row(
    session: &mut Session,
    before: &str,
    width: usize,
    args: &[Arg<'_>],
    after: &str,
) -> Result<u64, Fault> {
    let mut changed = 0;
    let mut rest = args;
    while !rest.is_empty() {
        let rows = rest.len() / width;
        let taken = ROWS_MAX.min(if rows.is_power_of_two() { rows } else { rows.next_power_of_two() / 2 });
        let (now, later) = rest.split_at_checked(taken.max(1) * width).unwrap_or((rest, &[]));
        let mut sql = String::with_capacity(before.len() + now.len() * 5 + after.len());
        sql.push_str(before);
        placeholders(&mut sql, now.len(), width);
        sql.push_str(after);
        changed += session.execute(&sql, now).await?;
        rest = later;
    }
    Ok(changed)
}

fn placeholders(sql: &mut String, count: usize, width: usize) {
    for number in 1..=count {
        let opens = (number - 1) % width == 0;
        sql.push_str(match (opens, number) {
            (true, 1) => " (",
            (true, _) => "), (",
            (false, _) => ", ",
        });
        write!(sql, "${number}").expect("a string takes all that is written");
    }
    sql.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_numbered_through_all_rows() {
        let mut sql = String::new();
        placeholders(&mut sql, 4, 2);
        assert_eq!(sql, " ($1, $2), ($3, $4)");
        sql.clear();
        placeholders(&mut sql, 2, 2);
        assert_eq!(sql, " ($1, $2)");
    }
}
