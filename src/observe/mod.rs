//! What the server did, counted per core without a lock and added up when someone looks.
