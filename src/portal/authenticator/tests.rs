//! The application in a real Chromium, against a stand-in of the gateway's device API that can also lie and be late.

mod answering;
mod browser;
mod files;
mod gateway;
mod keeping;
mod pairing;
mod scanning;
mod showing;
