//! The project's own tasks, as `cargo xtask ...`.
//!
//! What this must not know: the product. It looks at the workspace from outside, so that it still tells what is wrong
//! when the product does not compile.

mod bench;
mod ci;
mod fuzz;
mod shell;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check what the compiler cannot: who may depend on whom, one TLS stack, what belongs where.
    Tidy,
    /// What CI runs, and nothing else: format, lints, tidy, dependencies, tests, fuzzing.
    Ci(ci::Options),
    /// Measure the release build beside what people use today.
    Bench(bench::Options),
    /// Look for input that breaks a parser.
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Tidy => tidy::run(),
        Task::Ci(options) => ci::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
