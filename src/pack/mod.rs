//! Writes bundles and publishes them by rename, because a reader must never see half of one.
