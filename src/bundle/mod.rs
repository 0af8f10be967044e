//! The layout of a bundle: offsets, numbers and sizes that the writer and the reader share, as `FORMAT.md` describes
//! them. It never reads or writes a file.
