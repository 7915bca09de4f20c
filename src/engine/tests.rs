//! The engine against fakes: every decision, every fault, many interleavings.

mod decisions;
mod fakes;
mod faults;
mod interleavings;
mod memory;
mod names_and_splits;
mod policies;
mod prompts;
