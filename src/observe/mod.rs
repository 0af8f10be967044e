//! What the server did: counted per core without a lock and added up when someone looks, and logged line by line by a
//! thread of its own. Nothing here decides anything, and nothing here is on the way of an answer but plain additions to
//! memory that one core owns and, where an access log is wanted, a line in a buffer of that core.

mod access;
mod access_log;
mod civil;
mod counters;
mod event;
mod histogram;
mod log_file;
mod prometheus;
mod report;

pub use access::{Form, Queries, Record};
pub use access_log::{AccessLog, LogConfig, Target};
pub use counters::{Answer, CoreSite, Metering, Reading, Registry, SiteCounters};
pub use event::Event;
pub use histogram::{Buckets, Histogram};
pub use log_file::Rotation;
pub use prometheus::{CONTENT_TYPE as PROMETHEUS_CONTENT_TYPE, exposition};
pub use report::{CacheReport, CodingReport, Connections, Latency, Report, SiteReport, Statuses, Traffic};
