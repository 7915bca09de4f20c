//! How many files this process may have open, and with it the peers it starts.

use std::process::Command;

use anyhow::Context;

/// What a process needs beside connections.
const BESIDE: u64 = 300;

/// Ask for `files` open files, and say for how many connections there is room then.
pub(super) fn raise(files: u64) -> anyhow::Result<u64> {
    let hard = read()?.hard;
    let wanted = files + BESIDE;
    // Only an administrator raises the hard limit; everybody may go up to it.
    let raised = wanted > hard && set(&Limit { soft: wanted, hard: wanted })?;
    if !raised {
        set(&Limit { soft: wanted.min(hard), hard })?;
    }
    Ok(read()?.soft.saturating_sub(BESIDE))
}

struct Limit {
    soft: u64,
    hard: u64,
}

/// Whether the kernel let us.
fn set(limit: &Limit) -> anyhow::Result<bool> {
    let pid = std::process::id().to_string();
    let limit = format!("--nofile={}:{}", written(limit.soft), written(limit.hard));
    let output = Command::new("prlimit").args(["--pid", &pid, &limit]).output().context("run prlimit")?;
    Ok(output.status.success())
}

fn written(files: u64) -> String {
    if files == u64::MAX { "unlimited".to_owned() } else { files.to_string() }
}

fn read() -> anyhow::Result<Limit> {
    let limits = std::fs::read_to_string("/proc/self/limits").context("read this process's limits")?;
    parse(&limits).context("/proc/self/limits has another form")
}

fn parse(limits: &str) -> Option<Limit> {
    let mut fields = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace();
    let mut next = || fields.next().map(|field| field.parse().unwrap_or(u64::MAX));
    Some(Limit { soft: next()?, hard: next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_open_files_is_read_from_what_the_kernel_tells() {
        let limits = "Max processes             94389                94389                processes\n\
                      Max open files            1024                 unlimited            files\n";
        let limit = parse(limits).unwrap();
        assert_eq!((limit.soft, limit.hard), (1024, u64::MAX));
        assert!(parse("Max processes 1 1 processes").is_none());
    }
}
