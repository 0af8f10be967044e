//! Suites that no one here wrote, against the server as its users run it: REDbot and httplint read its answers, nginx
//! answers the same requests, slowhttptest holds its connections, h2spec and testssl take its HTTP/2 and TLS apart.
//!
//! A tool that cannot be had is a failure that says how to get it (`tests/setup` does). `SITEKIT_SKIP_SUITES=1` is for
//! machines that cannot.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod client;
#[path = "suites/h2spec.rs"]
mod h2spec;
#[path = "suites/lint.rs"]
mod lint;
#[path = "suites/nginx.rs"]
mod nginx;
#[path = "suites/nginx_differences.rs"]
mod nginx_differences;
#[path = "suites/server.rs"]
mod server;
#[cfg(feature = "compiler")]
#[path = "suites/sites.rs"]
mod sites;
#[path = "suites/slow.rs"]
mod slow;
#[path = "suites/testssl.rs"]
mod testssl;
#[path = "suites/tools.rs"]
mod tools;
