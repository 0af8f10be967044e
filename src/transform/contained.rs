//! Runs code that is not ours where its panic cannot take the build down. The one place that catches panics.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::diag::Diagnostic;

/// What `run` gives. When it panics: one warning about the file at `path` that names `library` and is not the author's to
/// mend; the file is then published as it is.
pub fn contained<T>(path: impl Into<Arc<str>>, library: &str, run: impl FnOnce() -> T) -> Result<T, Vec<Diagnostic>> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let reason = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("it did not say why");
        let failure = Diagnostic::error(path, format!("{library} failed on this file: {reason}"));
        vec![failure.as_warning().with_help(
            "the file is published as it is; this is a fault of sitekit or of that library, please report it",
        )]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Severity;

    #[test]
    fn a_panic_becomes_a_warning() {
        assert_eq!(contained("a.js", "swc", || 1), Ok(1));
        let warning = contained("a.js", "swc", || -> u8 { panic!("at {}", 3) }).unwrap_err().remove(0);
        assert_eq!((&*warning.path, warning.severity), ("a.js", Severity::Warning));
        assert_eq!(warning.message, "swc failed on this file: at 3");
    }
}
