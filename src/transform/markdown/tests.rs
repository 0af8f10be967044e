//! What a Markdown text becomes.
