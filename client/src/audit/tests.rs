//! The command over folders: what is served, fetched, kept and told.
