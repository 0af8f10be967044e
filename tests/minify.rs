//! minify
