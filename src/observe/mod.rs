//! What the server did, counted per core without a lock and added up when someone looks. Nothing here decides
//! anything, and nothing here is on the way of an answer but plain additions to memory that one core owns.

mod counters;
mod event;
mod histogram;
mod prometheus;
mod report;

pub use counters::{Answer, CoreSite, Metering, Reading, Registry, SiteCounters};
pub use event::Event;
pub use histogram::{Buckets, Histogram};
pub use prometheus::{CONTENT_TYPE as PROMETHEUS_CONTENT_TYPE, exposition};
pub use report::{CacheReport, CodingReport, Connections, Latency, Report, SiteReport, Statuses, Traffic};
