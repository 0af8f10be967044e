//! What is neither of the site nor of another host: the time, the environment, chance. A build that is made twice of the same
//! sources on one day is the same twice: the time is that day's beginning, and chance is the page's own.

use tera::{Kwargs, State, TeraResult, Value};

use super::refuse;
use crate::transform::render::inputs::Inputs;

/// `now(timestamp, utc)`. It is of UTC in any case.
pub(super) fn now(inputs: &Inputs, args: &Kwargs) -> TeraResult<Value> {
    let now = inputs.now();
    if args.get::<bool>("timestamp")?.unwrap_or(false) {
        return Ok(now.as_second().into());
    }
    args.get::<bool>("utc")?;
    Ok(now.to_string().into())
}

/// `get_env(name, default)`.
pub(super) fn get_env(inputs: &Inputs, args: &Kwargs) -> TeraResult<Value> {
    let name = args.must_get::<&str>("name")?;
    if !inputs.may_read(name) {
        let message = format!("this site may not read the environment's `{name}`");
        let help = format!("allow it with `environment = [\"{name}\"]` under [sitekit.data] in config.toml");
        return Err(refuse(&message, Some(&help)));
    }
    match (inputs.variable(name), args.get::<&Value>("default")?) {
        (Some(value), _) => Ok(value.into()),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => {
            let help = "set it where the site is built, or give `get_env` a `default`";
            Err(refuse(&format!("`{name}` is not set in the environment, or is not UTF-8"), Some(help)))
        }
    }
}

/// `get_random(start, end, seed)`: one of the numbers from `start` up to, and not including, `end`.
pub(super) fn get_random(inputs: &Inputs, args: &Kwargs, state: &State) -> TeraResult<Value> {
    let (start, end) = (args.get::<i64>("start")?.unwrap_or(0), args.must_get::<i64>("end")?);
    let Some(count) = end.checked_sub(start).and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0)
    else {
        return Err(refuse(&format!("`end` is above `start`, which is {start}, not {end}"), None));
    };
    let chosen = chance(inputs, args, state, &format!("{start} {end}"))? % count;
    Ok(start.wrapping_add_unsigned(chosen).into())
}

/// `shuffle(seed)`: the items of a list in another order.
pub(super) fn shuffle(inputs: &Inputs, list: &Value, args: &Kwargs, state: &State) -> TeraResult<Value> {
    let Some(items) = list.as_array() else {
        return Err(refuse(&format!("`shuffle` takes a list, not a {}", list.name()), None));
    };
    let mut items = items.to_vec();
    let mut number = chance(inputs, args, state, &items.len().to_string())?;
    for last in (1..items.len()).rev() {
        // SplitMix64: the next number of the page's chance.
        number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let other = usize::try_from(mixed % (last as u64 + 1)).unwrap_or(0);
        items.swap(last, other);
    }
    Ok(items.into())
}

/// With a `seed`, what it gives is the same wherever it stands.
fn chance(inputs: &Inputs, args: &Kwargs, state: &State, what: &str) -> TeraResult<u64> {
    if let Some(seed) = args.get::<&Value>("seed")? {
        return Ok(inputs.chance(None, &format!("{what} {seed}")));
    }
    let page = state.get::<String>("current_path")?;
    Ok(inputs.chance(page.as_deref(), what))
}
