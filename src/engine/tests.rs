//! The engine against fakes: every decision, every fault, many interleavings.

#![expect(clippy::disallowed_methods, reason = "a test's own tasks end with the test")]

mod decisions;
mod exempt;
mod factor_first;
mod fakes;
mod faults;
mod hostile;
mod interleavings;
mod memory;
mod names_and_splits;
mod policies;
mod portal;
mod programs;
mod prompts;
mod pushes;
mod repeats;
mod standing;
mod survivors;
mod together;
