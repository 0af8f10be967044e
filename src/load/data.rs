//! What an author says about data that is not the site's own: `[sitekit.data]` in the site's configuration.

use std::time::Duration;

use super::{
    fields::Fields,
    outside::Limits,
    value::{Spanned, Value},
};

/// `[sitekit.data]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataConfig {
    /// What another host's answer may cost.
    pub limits: Limits,
    /// The variables of the environment that templates may read.
    pub environment: Vec<Spanned<String>>,
}

/// Reads `[sitekit.data]`.
pub(super) fn read(fields: &mut Fields<'_>) -> DataConfig {
    let default = Limits::default();
    let limits = Limits {
        timeout: within(fields, "timeout", 1..=600).map_or(default.timeout, Duration::from_secs),
        max_size: within(fields, "max_size", 1..=1 << 30).unwrap_or(default.max_size),
        retries: within(fields, "retries", 0..=10).and_then(|count| count.try_into().ok()).unwrap_or(default.retries),
    };
    DataConfig { limits, environment: fields.one_or_more("environment").unwrap_or_default() }
}

fn within(fields: &mut Fields<'_>, key: &'static str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
    let node = fields.node(key)?;
    let Value::Integer(number) = node.value else {
        return fields.mismatch(key, "an integer", &node.value, node.span);
    };
    let found = u64::try_from(number).ok().filter(|value| range.contains(value));
    if found.is_none() {
        let (least, most) = range.into_inner();
        fields.error(node.span, format!("`{}` is between {least} and {most}, not {number}", fields.name_of(key)));
    }
    found
}
