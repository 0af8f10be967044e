//! Which content files a page's template asked for by name, while someone wants to know. Nobody does in a build; then it
//! costs a look at a thread's own memory.

use std::{cell::RefCell, collections::BTreeSet};

thread_local! {
    static NOTED: RefCell<Option<BTreeSet<String>>> = const { RefCell::new(None) };
}

/// What `work` does, and the files below `content/` that were asked for on this thread meanwhile, whether they are there or
/// not.
pub fn noting<T>(work: impl FnOnce() -> T) -> (T, BTreeSet<String>) {
    NOTED.set(Some(BTreeSet::new()));
    let done = work();
    (done, NOTED.take().unwrap_or_default())
}

/// A file below `content/` is asked for.
pub(super) fn note(file: &str) {
    NOTED.with_borrow_mut(|noted| {
        if let Some(noted) = noted {
            noted.insert(file.to_owned());
        }
    });
}
