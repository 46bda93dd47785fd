//! The targets of the engine's crate. Apart from the others, because it takes minutes to compile.

use hefu_engine::fuzzed;

/// As [`super::targets::TARGETS`].
pub const TARGETS: &[super::targets::Target] = &[
    ("engine_message", fuzzed::message),
    ("engine_parts", fuzzed::parts),
    ("engine_stored", fuzzed::stored),
];
